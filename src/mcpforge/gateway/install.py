"""ContextForge in an environment of its own, made by uv."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.gateway.state import State

DISTRIBUTION = "mcp-contextforge-gateway"
# On Python 3.11 that is 1.0.7.post…, the newest there; 1.1 needs 3.12 or 3.13.
REQUIREMENT = f"{DISTRIBUTION}>=1.0.7,<1.2"
NEWEST, ANY = ">=3.12,<3.14", ">=3.11,<3.14"
INSTALL_SECONDS = 900
_WORDS = 3


def program(state: State) -> Path:
    """Return the command that serves the gateway."""
    return state.environment / "bin" / "mcpgateway"


def version(state: State) -> str:
    """Return which version is installed, or "" where none is."""
    known = state.made_of()
    if known.get("requirement") != REQUIREMENT or not (state.environment / "bin/python").exists():
        return ""
    found = state.environment.glob(f"lib/python*/site-packages/{DISTRIBUTION.replace('-', '_')}-*")
    names = [path.name.removesuffix(".dist-info").rpartition("-")[2] for path in found]
    return names[0] if names and program(state).is_file() else ""


def needed(state: State, python: str) -> bool:
    """Say whether there is something to install, for a Python that was asked for or any."""
    return not version(state) or (bool(python) and state.made_of().get("python") != python)


def install(state: State, python: str) -> None:
    """Make the environment anew; raises `ForgeError` with uv's own reason.

    Without a Python that was asked for, uv takes one of this machine that runs the newest release,
    else downloads one; offline an older one of this machine has to do.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise ForgeError(
            "`uv` is not installed, so the gateway can't be",
            hint="See https://docs.astral.sh/uv/ for its installation in one line.",
            code="no_uv",
        )
    state.installed.unlink(missing_ok=True)
    _make_environment(uv, state, python)
    interpreter = str(state.environment / "bin" / "python")
    _check(_run([uv, "pip", "install", "--quiet", "--python", interpreter, REQUIREMENT], state))
    state.write(state.installed.name, {"requirement": REQUIREMENT, "python": python})
    if not version(state):
        raise ForgeError(
            f"`uv` installed no `{DISTRIBUTION}` that can be started",
            hint=f"Look into `{state.environment}`.",
            code="install",
        )


def _make_environment(uv: str, state: State, python: str) -> None:
    tries = [[python]] if python else [[NEWEST, "--no-python-downloads"], [NEWEST], [ANY]]
    for number, words in enumerate(tries, start=1):
        command = [uv, "venv", "--quiet", "--clear", "--python", *words, str(state.environment)]
        done = _run(command, state)
        if number == len(tries):
            _check(done)
        if done.returncode == 0:
            return


def _run(command: list[str], state: State) -> subprocess.CompletedProcess[str]:
    """Run uv where no project's configuration is, in no active environment."""
    left_out = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "PYTHONPATH", "PYTHONHOME")
    try:
        return subprocess.run(
            command,
            cwd=state.folder,
            env={name: value for name, value in os.environ.items() if name not in left_out},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ForgeError(
            f"`uv` took longer than {INSTALL_SECONDS} s to install the gateway", code="install"
        ) from None


def _check(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode == 0:
        return
    lines = [line.strip(" ×├─▶╰│") for line in done.stderr.splitlines() if line.strip()]
    reason = ": ".join(lines[:_WORDS]).removeprefix("error: ").rstrip(".") or "it said nothing"
    raise ForgeError(
        f"`uv` can't install the gateway: {reason}",
        hint="The first start needs the package index; the later ones work offline.",
        code="install",
    )

"""ContextForge in an environment of its own, made by uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge import uv
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from mcpforge.gateway.state import State

DISTRIBUTION = "mcp-contextforge-gateway"
# On Python 3.11 that is 1.0.7.post…, the newest there; 1.1 needs 3.12 or 3.13.
REQUIREMENT = f"{DISTRIBUTION}>=1.0.7,<1.2"
NEWEST, ANY = ">=3.12,<3.14", ">=3.11,<3.14"
INSTALL_SECONDS = 900
_WHAT = "the gateway"
_HINT = "The first start needs the package index; the later ones work offline."
# A project's environment and Python are not the gateway's.
_WITHOUT = ("UV_PROJECT_ENVIRONMENT", "UV_PYTHON")


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
    program_of_uv = uv.find(_WHAT)
    state.installed.unlink(missing_ok=True)
    _make_environment(program_of_uv, state, python)
    interpreter = str(state.environment / "bin" / "python")
    words = ["pip", "install", "--quiet", "--python", interpreter, REQUIREMENT]
    uv.check(_run([program_of_uv, *words], state), what=_WHAT, hint=_HINT)
    state.write(state.installed.name, {"requirement": REQUIREMENT, "python": python})
    if not version(state):
        raise ForgeError(
            f"`uv` installed no `{DISTRIBUTION}` that can be started",
            hint=f"Look into `{state.environment}`.",
            code="install",
        )


def _make_environment(program_of_uv: str, state: State, python: str) -> None:
    tries = [[python]] if python else [[NEWEST, "--no-python-downloads"], [NEWEST], [ANY]]
    for number, words in enumerate(tries, start=1):
        flags = ["--quiet", "--clear", "--python", *words]
        command = [program_of_uv, "venv", *flags, str(state.environment)]
        done = _run(command, state)
        if number == len(tries):
            uv.check(done, what=_WHAT, hint=_HINT)
        if done.returncode == 0:
            return


def _run(command: list[str], state: State) -> subprocess.CompletedProcess[str]:
    """Run uv where no project's configuration is, in no active environment."""
    return uv.run(
        command, folder=state.folder, seconds=INSTALL_SECONDS, what=_WHAT, without=_WITHOUT
    )

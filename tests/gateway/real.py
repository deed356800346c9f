"""A real ContextForge for tests: installed once for a session, whichever worker comes first."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcpforge.gateway import install, state

# Read before a fixture takes the variables of this machine away. uv and its Pythons need them.
MACHINE = dict(os.environ)
REQUIRED = MACHINE.get("MCPFORGE_REQUIRE_SERVICES") == "1"
_WANTED = ("3.13", "3.12", "3.11")
SECONDS = 600


def pythons() -> dict[str, str]:
    """Return the Pythons of this machine that may run a gateway: version → interpreter.

    The newest of them can run 1.1; 3.11 has to do with 1.0.7.
    """
    folders = MACHINE.get("PATH", "").split(os.pathsep)
    pyenv = MACHINE.get("PYENV_ROOT") or Path(MACHINE.get("HOME", "/")) / ".pyenv"
    found = {}
    for version in _WANTED:
        kept = [str(path / "bin") for path in sorted(Path(pyenv).glob(f"versions/{version}.*"))]
        for folder in (*kept, *folders):
            path = Path(folder) / f"python{version}"
            if path.is_file() and _version(path) == version:
                found[version] = str(path)
                break
    return found


def _version(path: Path) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run(
        [path, "-I", "-c", code], env=MACHINE, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


@dataclass(frozen=True)
class Home:
    """A state folder for one gateway, and `mcpforge gateway` on it in a process of its own."""

    state_home: Path

    @property
    def state(self) -> state.State:
        """What mcpforge keeps there."""
        return state.State(self.state_home / "mcpforge" / "gateway")

    @property
    def environment(self) -> dict[str, str]:
        """The environment of whoever uses this gateway."""
        return {**MACHINE, "XDG_STATE_HOME": str(self.state_home), "NO_COLOR": "1"}

    def __call__(self, *words: str, fine: tuple[int, ...] = (0,)) -> str:
        """Run `mcpforge gateway` and return its output."""
        done = subprocess.run(
            [sys.executable, "-m", "mcpforge", "gateway", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode in fine, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *words: str, fine: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Run it and return the data of the envelope."""
        found: dict[str, Any] = json.loads(self(*words, "--json", fine=fine))["data"]
        return found


def ask(
    url: str,
    token: str = "",
    *,
    body: object = None,
    method: str = "",
) -> tuple[int, Any]:
    """Ask the gateway's API; return status and document."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        method=method or ("GET" if body is None else "POST"),
        headers={
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")


def installed(folder: Path, version: str) -> Path:
    """Return an environment with the gateway, which is never started itself.

    The first who comes installs it; a later session takes it from uv's cache. Fails instead of
    skipping where services are required.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home = state.State(folder / "mcpforge" / "gateway")
        if install.version(home):
            return home.folder
        reason = _install(home, version)
        if reason:
            message = f"ContextForge can't be installed: {reason}"
            if REQUIRED:
                pytest.fail(message)
            pytest.skip(message)
        return home.folder


def _install(home: state.State, version: str) -> str:
    if not shutil.which("uv", path=MACHINE.get("PATH")):
        return "uv is not on PATH"
    python = pythons().get(version)
    if python is None:
        return f"there is no Python {version}"
    code = """
import sys
from pathlib import Path
from mcpforge.errors import ForgeError
from mcpforge.gateway import install
from mcpforge.gateway.state import State
home = State(Path(sys.argv[1]))
home.make()
try:
    install.install(home, sys.argv[2])
except ForgeError as error:
    sys.exit(f"{error.message}. {error.hint}")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.folder), python],
        env=MACHINE,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.stderr.strip() if done.returncode else ""


def home_with(installed_at: Path, folder: Path) -> Home:
    """Return a new home whose gateway is the installed one; nothing is copied."""
    kept = state.State(installed_at)
    home = Home(folder)
    home.state.make()
    if not home.state.environment.exists():
        home.state.environment.symlink_to(kept.environment)
    home.state.write(home.state.installed.name, kept.made_of())
    return home


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port

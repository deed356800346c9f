"""Running mcpforge: in this process, or in one of its own with a small environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

SOURCE = Path(__file__).resolve().parent.parent
GIT_CONFIG = "[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n"


def clean_environment(home: Path) -> dict[str, str]:
    """Return an environment with nothing of this machine but `PATH`; git knows Ada."""
    (home / ".gitconfig").write_text(GIT_CONFIG, encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(home.parent),
        "TERM": "dumb",
    }


@dataclass(frozen=True)
class Outcome:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The envelope on stdout."""
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded


class CommandLine:
    """`mcpforge`, called in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Keep what catches the output."""
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Outcome:
        """Run a command line and return its exit code and output."""
        self._capsys.readouterr()
        code = int(run(arguments))
        captured = self._capsys.readouterr()
        return Outcome(code, captured.out, captured.err)


def mcpforge(
    *arguments: str | bytes,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    **options: Any,
) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m mcpforge` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "mcpforge", *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )


def files(root: Path) -> dict[str, bytes]:
    """Return every file below a folder, links as what they point to; `.git` left out."""
    found = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] == ".git":
            continue
        if path.is_symlink():
            found[relative.as_posix()] = b"-> " + os.fsencode(path.readlink())
        elif path.is_file():
            found[relative.as_posix()] = path.read_bytes()
    return found


def everything(root: Path) -> dict[str, tuple[str, bytes]]:
    """Return every entry below a folder with its kind and mode: what `nothing changed` means."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[path.relative_to(root).as_posix()] = (oct(status.st_mode), content)
    return found

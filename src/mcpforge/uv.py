"""uv, as everything here runs it: found, with a time limit, its failure in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path

_LINES = 3
# They lead to another environment than the one that is meant, or into Python's own start.
_LEFT_OUT = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")


def find(what: str, *, otherwise: str = "") -> str:
    """Return the path of uv, without which `what` can't be installed; raises `ForgeError`."""
    import shutil

    uv = shutil.which("uv")
    if uv is None:
        raise ForgeError(
            f"`uv` is not installed, so {what} can't be",
            hint=f"See https://docs.astral.sh/uv/ for its installation in one line{otherwise}.",
            code="no_uv",
        )
    return uv


def run(
    command: Sequence[str],
    *,
    folder: Path,
    seconds: float,
    what: str,
    without: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a command of uv in a folder and return how it ended.

    Variables named in `without` are not passed on, nor those that lead to another environment.
    Raises `ForgeError` after some seconds; it says that uv was to install `what`.
    """
    import os
    import subprocess

    left_out = {*_LEFT_OUT, *without}
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name not in left_out},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ForgeError(
            f"`uv` took longer than {seconds:.0f} s to install {what}",
            hint="Is the package index slow, or asleep? What came is kept in its cache: try again.",
            code="install",
        ) from None


def check(done: subprocess.CompletedProcess[str], *, what: str, hint: str) -> None:
    """Raise `ForgeError` with uv's own reason where it failed."""
    if done.returncode == 0:
        return
    lines = [line.strip(" ×├─▶╰│") for line in done.stderr.splitlines() if line.strip()]
    told = ": ".join(line.rstrip(":") for line in lines[:_LINES])
    reason = told.removeprefix("error: ").rstrip(".") or "it said nothing"
    raise ForgeError(f"`uv` can't install {what}: {reason}", hint=hint, code="install")

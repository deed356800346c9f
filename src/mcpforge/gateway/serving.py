"""A server of the user's own, started for a registration: in the foreground, or left running."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mcpforge.errors import ForgeError
from mcpforge.gateway import process, state
from mcpforge.gateway.refusals import plain
from mcpforge.gateway.upstream import listens

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

START_SECONDS = 60.0
_TAIL_LINES = 6


@dataclass(frozen=True, slots=True)
class Program:
    """What is started, and where it listens then."""

    command: tuple[str, ...]
    folder: Path
    url: str

    @property
    def log(self) -> Path:
        """Where its words go."""
        return _state().folder / f"{self.key}.log"

    @property
    def key(self) -> str:
        """What its record is called: one for each folder."""
        return hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]


class Running:
    """A server that runs; unless it is left alone, it ends with the block it was started for."""

    def __init__(self, program: Program, started: subprocess.Popen[bytes] | None) -> None:
        """Hold a process, or none where the server was there `already`."""
        self.program = program
        self.already = started is None
        self._started = started

    @property
    def pid(self) -> int | None:
        """Its process, where it is ours."""
        return self._started.pid if self._started else None

    def __enter__(self) -> Running:
        """Go on while it runs."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, unless it was left."""
        if self._started:
            process.end_group(self._started.pid)
            self._started.wait()
            self._started = None
            (_state().folder / f"{self.program.key}.json").unlink(missing_ok=True)

    def note(self) -> None:
        """Note which process it is, so that `stop` finds it whatever becomes of this one."""
        found = process.find(self._started.pid) if self._started else None
        if found is None:
            raise _ended(self.program)
        with _state().lock():
            record = {"pid": found.pid, "identity": found.identity, "url": self.program.url}
            _state().write(f"{self.program.key}.json", record)

    def leave(self) -> None:
        """Let it go on after this process."""
        if self._started:
            process.let_go(self._started)
            self._started = None

    def wait(self) -> None:
        """Stay until it ends.

        Raises `ForgeError` with its last words when one that was started here ends by itself.
        """
        if self._started:
            self._started.wait()
            raise _ended(self.program)
        while listens(self.program.url):
            time.sleep(1)


def start(program: Program, environment: Mapping[str, str]) -> Running:
    """Start a program and wait until it listens, unless somebody listens there already."""
    if listens(program.url):
        return Running(program, None)
    _state().make()
    started = process.launch(
        list(program.command), folder=program.folder, environment=environment, log=program.log
    )
    running = Running(program, started)
    try:
        running.note()
        _wait(program, started)
    except BaseException:
        running.__exit__()
        raise
    return running


def _wait(program: Program, started: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if started.poll() is not None:
            raise _ended(program)
        if listens(program.url):
            return
        time.sleep(0.2)
    raise ForgeError(
        f"The server does not listen at `{program.url}` after {START_SECONDS:.0f} s",
        hint=_last_words(program),
        code="server_start",
    )


def stop(folder: Path) -> bool:
    """End the server of a folder that was left running; False where there is none."""
    key = Program((), folder, "").key
    with _state().lock():
        path = _state().folder / f"{key}.json"
        record = _read(path)
        path.unlink(missing_ok=True)
        found = process.find(int(record.get("pid", 0))) if record else None
        if found is None or found.identity != record.get("identity"):
            return False
        return process.end_group(found.pid) > 0


def _read(path: Path) -> dict[str, Any]:
    import json

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _ended(program: Program) -> ForgeError:
    return ForgeError("The server ended by itself", hint=_last_words(program), code="server_start")


def _last_words(program: Program) -> str:
    try:
        text = program.log.read_bytes()[-20_000:].decode("utf-8", "replace")
    except OSError:
        text = ""
    lines = [plain(line) for line in text.splitlines() if line.strip()][-_TAIL_LINES:]
    said = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
    return f"It said, in `{program.log}`:\n{said}"


def _state() -> state.State:
    found = state.find()
    return replace(found, folder=found.folder.with_name("servers"))

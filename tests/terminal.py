"""A terminal for programs that ask: a real pseudo-terminal, and the screen it would show."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE = 60.0
"""Seconds that a loaded machine may take for one screen."""

KEYS = {
    "enter": "\r",
    "space": " ",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "page down": "\x1b[6~",
    "ctrl-c": "\x03",
    "ctrl-d": "\x04",
}


class Terminal:
    """A program in a terminal: `until` waits for a text to be seen, `press` types."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start a command; `size` is columns by rows, `env` adds to the environment."""
        columns, rows = size
        self._screen = pyte.Screen(columns, rows)
        self._screen.write_process_input = self._answer  # type: ignore[method-assign]
        self._stream = pyte.ByteStream(self._screen)
        self.output = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        """Return the terminal; at the end of the block the program is gone."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what still runs."""
        self._process.kill()
        self._process.wait()
        self.hang_up()

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def until(self, *texts: str | re.Pattern[str], without: str = "") -> str:
        """Read until all texts are on the screen and `without` is not; return the screen."""
        deadline = time.monotonic() + PATIENCE
        while not self._shows(texts, without):
            if not self._read(deadline) and not self._shows(texts, without):
                message = f"waited for {texts} without {without!r} and saw:\n{self.text}"
                raise AssertionError(message)
        return self.text

    def press(self, *keys: str) -> None:
        """Press keys: a name from `KEYS`, or text as it is."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def end(self) -> int:
        """Wait for the program's end and return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        return self._process.wait(max(1.0, deadline - time.monotonic()))

    def interrupt(self, number: int) -> None:
        """Send the program a signal."""
        self._process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def wait(self) -> int:
        """Wait for the end of a program that has no terminal any more."""
        return self._process.wait(PATIENCE)

    def _shows(self, texts: Sequence[str | re.Pattern[str]], without: str) -> bool:
        shown = self.text
        found = (text in shown if isinstance(text, str) else text.search(shown) for text in texts)
        return all(found) and not (without and without in shown)

    def _read(self, deadline: float) -> bool:
        """Read what there is; False when the program has ended or time is up."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # what Linux says when the last writer has gone
            return False
        self.output += data
        # pyte knows no alternate screen: an empty one does.
        self._stream.feed(re.sub(rb"\x1b\[\?1049[hl]", b"\x1b[2J\x1b[H", data))
        return bool(data)

    def _answer(self, data: str) -> None:
        os.write(self._master, data.encode())


def mcpforge_terminal(
    *arguments: str,
    cwd: Path,
    size: tuple[int, int] = (80, 24),
    env: Mapping[str, str] | None = None,
) -> Terminal:
    """Start `python -m mcpforge` in a terminal."""
    command = [sys.executable, "-m", "mcpforge", *arguments]
    return Terminal(command, cwd=cwd, size=size, env=env)

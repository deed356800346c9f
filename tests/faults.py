"""Faults at the k-th write: an error, a signal, or the end of the process.

Works below our own code: every call of the interpreter that changes the disk is announced as an
audit event (`sys.addaudithook`), so nothing of mcpforge has to be replaced.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

_EVENTS = {
    "os.rename": "rename",  # os.replace announces itself so too
    "os.mkdir": "mkdir",
    "os.remove": "unlink",
    "os.rmdir": "rmdir",
    "os.chmod": "chmod",
    "os.truncate": "truncate",
    "os.link": "link",
    "os.symlink": "symlink",
    "shutil.copyfile": "copy",
}
WRITES = frozenset({*_EVENTS.values(), "open", "replace"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_watch: list[Callable[[str], None]] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _watch:
        return
    if event == "open":
        flags = arguments[2]
        if not (isinstance(flags, int) and flags & _WRITING) or "/dev/" in str(arguments[0]):
            return
        name = "open"
    elif event in _EVENTS:
        name = _EVENTS[event]
    else:
        return
    if ".pyc" not in str(arguments[0]):
        _watch[-1](f"{name} {arguments[0]!s}")


sys.addaudithook(_hook)


@contextlib.contextmanager
def count_writes() -> Iterator[list[str]]:
    """Give the list of all writes that happen."""
    seen: list[str] = []
    _watch.append(seen.append)
    try:
        yield seen
    finally:
        _watch.pop()


class Failing:
    """Let the k-th write fail, counted from 0, with an error number, an exception or a signal."""

    def __init__(
        self, nth: int, fault: int | BaseException | signal.Signals, *, again: int | None = None
    ) -> None:
        """Keep what goes wrong, and when: once, or a second time so many writes later."""
        self.left = nth
        self.fault = fault
        self.again = again

    def _write(self, what: str) -> None:
        self.left -= 1
        if self.left != -1:
            return
        if self.again is not None:
            self.left, self.again = self.again, None
        if isinstance(self.fault, signal.Signals):
            os.kill(os.getpid(), self.fault)
        elif isinstance(self.fault, BaseException):
            raise self.fault
        else:
            raise OSError(self.fault, os.strerror(self.fault), what)

    def __enter__(self) -> None:
        """Begin to count."""
        _watch.append(self._write)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let all writes pass again."""
        _watch.pop()

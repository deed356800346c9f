"""Waiting for a lock of the operating system, which ends with the process that holds it."""

from __future__ import annotations

import fcntl
import time

from mcpforge.errors import ForgeError

_EVERY = 0.05


def acquire(handle: int, deadline: float, busy: str) -> None:
    """Take the exclusive lock of an open file; `deadline` is a time of the monotonic clock.

    Raises `ForgeError` with the sentence `busy` when another process holds it until then, and
    `OSError` where the file system has no locks.
    """
    while not try_to(handle):
        if time.monotonic() > deadline:
            raise ForgeError(busy, hint="Wait until it is done, then try again.", code="locked")
        time.sleep(_EVERY)


def try_to(handle: int) -> bool:
    """Take the exclusive lock of an open file if nobody holds it, and say whether."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

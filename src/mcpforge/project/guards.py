"""What surrounds every write: errors of the system as sentences, signals as exceptions."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType


@contextlib.contextmanager
def readable_errors(root: Path) -> Iterator[None]:
    """Turn errors of the operating system into one sentence."""
    try:
        yield
    except PermissionError:
        raise ForgeError(
            f"`{root}` can't be written: permission denied",
            hint="Choose a folder of your own.",
            code="not_writable",
        ) from None
    except OSError as error:
        raise ForgeError(
            f"`{root}` can't be written: {(error.strerror or str(error)).lower()}",
            hint="Nothing was changed; make room or choose another folder.",
            code="not_writable",
        ) from None


@contextlib.contextmanager
def signals_as_errors() -> Iterator[None]:
    """Let SIGTERM and SIGHUP undo what was begun, as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    caught = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(ValueError):  # not the main thread
            caught[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in caught.items():
            signal.signal(number, handler)

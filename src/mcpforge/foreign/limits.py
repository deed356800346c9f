"""The limits of a process that renders what somebody else wrote."""

from __future__ import annotations

import contextlib
import resource
from typing import TYPE_CHECKING

from mcpforge.confine import Limits
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMITS = Limits()
CPU_SECONDS, MEMORY = _LIMITS.cpu, _LIMITS.memory
MOST_FILES, MOST_BYTES = _LIMITS.files, _LIMITS.output
# Reading keys in a terminal costs processor time too.
ASKING_SECONDS = 60
# Wall clock: how long a template may be fetched, and rendered.
FETCH_SECONDS = 300
RENDER_SECONDS = 120


def breach(what: str) -> ForgeError:
    """Return the error that names a limit which a template went beyond."""
    return ForgeError(
        f"The template went beyond its limits: {what}",
        hint=f"Nothing was written. The limits are {_LIMITS}.",
        code="template_limits",
    )


def cpu_breach() -> ForgeError:
    """Return the error for processor time."""
    return breach(f"more than {CPU_SECONDS} s of CPU")


def memory_breach() -> ForgeError:
    """Return the error for memory."""
    return breach(f"more than {MEMORY >> 20} MB of memory")


def files_breach() -> ForgeError:
    """Return the error for the number of files."""
    return breach(f"more than {MOST_FILES:,} files")


def size_breach() -> ForgeError:
    """Return the error for the size of all files together."""
    return breach(f"more than {MOST_BYTES // 1_000_000} MB of files")


def confine(seconds: int, *, forever: bool) -> None:
    """Limit this process from now on; `forever` means that it can't lift that itself."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    _limit(resource.RLIMIT_CPU, spent + seconds + 1, forever=forever)
    _limit(resource.RLIMIT_AS, MEMORY, forever=forever)
    _limit(resource.RLIMIT_FSIZE, MOST_BYTES, forever=forever)


def release() -> None:
    """Lift the limits, for commands that the user trusts."""
    for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (hard, hard))


def _limit(kind: int, value: int, *, forever: bool) -> None:
    hard = resource.getrlimit(kind)[1]
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # One more than the soft limit: that one's signal tells what happened, the hard one's doesn't.
    last = soft + 1 if forever and (hard == resource.RLIM_INFINITY or soft < hard) else hard
    # macOS refuses some of them.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (soft, last))


class Meter:
    """Counts what is written, and stops it in time."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.files = 0
        self.bytes = 0

    def count(self, size: Callable[[], int]) -> None:
        """Count one file; raises `ForgeError` beyond the limits."""
        self.files += 1
        if self.files > MOST_FILES:
            raise files_breach()
        self.bytes += size()
        if self.bytes > MOST_BYTES:
            raise size_breach()

"""How fast a gateway may be asked: its rate limit kept, its wish to be left alone honoured.

A gateway locks out who goes on after some refusals (429), so the requests of all threads are
counted against what it says is left.
"""

from __future__ import annotations

import math
import re
import threading
import time
from typing import TYPE_CHECKING

from mcpforge.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WINDOW_SECONDS = 60.0


class Pace:
    """When the next request may be sent. Threads may share one; `waiting` is told of delays."""

    def __init__(self, waiting: Callable[[str], None]) -> None:
        """Begin with no limit known."""
        self._waiting = waiting
        self._lock = threading.Lock()
        self._not_before = 0.0
        self._left: int | None = None
        self._flying = 0
        self._stopped = threading.Event()

    def hold(self) -> None:
        """Wait until a request may be sent, and count it; see `stop`."""
        while True:
            if self._stopped.is_set():
                raise GatewayError("The rest was not sent", hint="Run the command again.")
            with self._lock:
                now = time.monotonic()
                if self._left is not None and self._left <= 0 and now >= self._not_before:
                    self._not_before, self._left = now + WINDOW_SECONDS, None
                    self._waiting("The gateway takes no more requests in this minute: waiting")
                seconds = self._not_before - now
                if seconds <= 0:
                    self._flying += 1
                    if self._left is not None:
                        self._left -= 1
                    return
            self._stopped.wait(seconds)

    def landed(self) -> None:
        """Count a request that is over, whatever came of it."""
        with self._lock:
            self._flying -= 1

    def note(self, headers: Mapping[str, str]) -> int:
        """Note how many requests are left; return the seconds that the gateway asks to wait."""
        left = _number(headers.get("x-ratelimit-remaining", ""))
        with self._lock:
            if left is not None:
                self._left = left - self._flying
        return max(1, _seconds(headers.get("retry-after", "")))

    def pause(self, seconds: int) -> None:
        """Let nobody send for some seconds."""
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)
            self._left = None
        self._waiting(f"The gateway has had too many requests: waiting for {seconds} s")

    def stop(self) -> None:
        """Let nobody send any more: who waits for that gets a `GatewayError`."""
        self._stopped.set()


def _number(text: str) -> int | None:
    """Return the number in a header; a longer one is no number of requests or seconds."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _seconds(asked: str) -> int:
    """Return for how long to wait, which `Retry-After` says in seconds or as a date (RFC 9110)."""
    seconds = _number(asked)
    if seconds is not None:
        return seconds
    from email.utils import parsedate_to_datetime

    try:
        return math.ceil(parsedate_to_datetime(asked).timestamp() - time.time())
    except (ValueError, OverflowError):
        return int(WINDOW_SECONDS)

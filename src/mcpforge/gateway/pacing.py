"""How fast a gateway may be asked: its rate limit kept, its wish to be left alone honoured.

A gateway locks out who goes on after some refusals (429), so the requests of all threads are
counted against what it says is left.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

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

    def hold(self) -> None:
        """Wait until a request may be sent, and count it."""
        while True:
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
            time.sleep(min(seconds, 1.0))

    def landed(self) -> None:
        """Count a request that is over, whatever came of it."""
        with self._lock:
            self._flying -= 1

    def note(self, headers: Mapping[str, str]) -> int:
        """Note how many requests are left; return the seconds that the gateway asks to wait."""
        left = headers.get("x-ratelimit-remaining", "")
        with self._lock:
            if left.isdigit():
                self._left = int(left) - self._flying
        asked = headers.get("retry-after", "")
        return max(1, int(asked)) if asked.isdigit() else int(WINDOW_SECONDS)

    def pause(self, seconds: int) -> None:
        """Let nobody send for some seconds."""
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)
            self._left = None
        self._waiting(f"The gateway has had too many requests: waiting for {seconds} s")

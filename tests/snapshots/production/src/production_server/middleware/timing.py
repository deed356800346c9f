"""How long requests take."""

import logging
import time
from typing import Any

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext

logger = logging.getLogger(__name__)

LONGEST_NAME = 100


class TimingMiddleware(Middleware):
    """Logs the time of every request, of a slow one as a warning."""

    def __init__(self, slow: float) -> None:
        """Call requests slow that take longer than so many seconds."""
        self.slow = slow

    async def on_request(
        self,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
    ) -> object:
        """Time one request, whether it succeeds or not."""
        started = time.perf_counter()
        try:
            return await call_next(context)
        finally:
            seconds = time.perf_counter() - started
            name = getattr(context.message, "name", None)
            method = str(context.method)[:LONGEST_NAME]
            what = f"{method} {name[:LONGEST_NAME]!r}" if name else method
            level = logging.WARNING if seconds > self.slow else logging.INFO
            logger.log(level, "%s took %.1f ms", what, seconds * 1000)

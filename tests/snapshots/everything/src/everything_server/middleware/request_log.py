"""One line of JSON for each request: what was asked, how it ended, how long it took."""

import json
import logging
import time
from typing import Any

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext

logger = logging.getLogger(__name__)

LONGEST_NAME = 100


class RequestLogMiddleware(Middleware):
    """Logs requests and notifications, never what they carry.

    Arguments, results, URIs and the texts of errors may hold secrets, so none of them is logged.
    """

    async def on_message(
        self,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
    ) -> object:
        """Log one message when it has been answered."""
        record: dict[str, object] = {
            "event": context.type,
            "method": str(context.method)[:LONGEST_NAME],
            "outcome": "cancelled",
        }
        if name := getattr(context.message, "name", None):
            record["name"] = str(name)[:LONGEST_NAME]
        started = time.perf_counter()
        try:
            result = await call_next(context)
            record["outcome"] = "error" if getattr(result, "is_error", False) else "ok"
        except Exception as error:
            record["outcome"] = "error"
            record["error"] = type(error.__cause__ or error).__name__
            raise
        finally:
            record["duration_ms"] = round((time.perf_counter() - started) * 1000, 2)
            level = logging.INFO if record["outcome"] == "ok" else logging.WARNING
            logger.log(level, "%s", json.dumps(record), extra={"request": record})
        return result

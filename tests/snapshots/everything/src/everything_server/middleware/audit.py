"""The audit log: who used which tool, resource or prompt, and how it ended."""

import json
import logging
import time
from typing import Any

from fastmcp.exceptions import AuthorizationError, McpError
from fastmcp.server.dependencies import get_access_token, get_http_request
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from mcp.types import ReadResourceRequestParams

logger = logging.getLogger(__name__)

AUDITED = frozenset({"tools/call", "resources/read", "prompts/get"})
LONGEST_NAME = 100
UNKNOWN = "unknown"


class AuditMiddleware(Middleware):
    """Writes one JSON record for each use. Argument values, results and tokens are left out."""

    async def on_request(
        self,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
    ) -> object:
        """Record one use, also when it is refused, fails or is cancelled."""
        if context.method not in AUDITED:
            return await call_next(context)
        record: dict[str, object] = {
            "at": context.timestamp.isoformat(),
            **_caller(),
            "method": context.method,
            "target": UNKNOWN,
            "outcome": "cancelled",
        }
        started = time.perf_counter()
        try:
            record["target"] = await _target(context)
            result = await call_next(context)
            record["outcome"] = "failed" if getattr(result, "is_error", False) else "ok"
        except Exception as error:
            record["outcome"] = _outcome(error)
            record["error"] = type(error.__cause__ or error).__name__
            raise
        finally:
            record["duration_ms"] = round((time.perf_counter() - started) * 1000, 2)
            logger.info("%s", json.dumps(record), extra={"audit": record})
        return result


def _caller() -> dict[str, object]:
    token = get_access_token()
    try:
        client = get_http_request().client
    except RuntimeError:  # stdio and in-memory connections have no address
        client = None
    return {
        "subject": token.subject if token else None,
        "client_id": token.client_id if token else None,
        "address": client.host if client else None,
    }


async def _target(context: MiddlewareContext[Any]) -> str:
    if not isinstance(context.message, ReadResourceRequestParams):
        # What is malformed has no name.
        return str(getattr(context.message, "name", UNKNOWN))[:LONGEST_NAME]
    uri = str(context.message.uri)
    if (connection := context.fastmcp_context) is not None:
        if await connection.fastmcp.get_resource(uri):
            return uri
        if template := await connection.fastmcp.get_resource_template(uri):
            return template.uri_template  # the URI itself holds arguments
    return UNKNOWN


def _outcome(error: Exception) -> str:
    if isinstance(error, AuthorizationError):
        return "denied"
    return "refused" if isinstance(error, McpError) else "failed"

"""The limit per caller."""

import hashlib

from fastmcp.exceptions import McpError
from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.server.sessions import current_principal
from fastmcp.tools import ToolResult
from mcp.types import CallToolRequestParams

from .limiter import Limiter, LimiterUnavailableError

RATE_LIMITED = -32000


class RateLimitMiddleware(Middleware):
    """Counts the tool calls of each caller."""

    def __init__(self, limiter: Limiter) -> None:
        """Count with this limiter."""
        self.limiter = limiter

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Let the call pass, or say when to try again."""
        try:
            wait = await self.limiter.wait("caller", caller())
        except LimiterUnavailableError:
            raise McpError(
                code=RATE_LIMITED,
                message="The rate limiter is unavailable, try again later",
            ) from None
        if wait:
            raise McpError(
                code=RATE_LIMITED,
                message=f"Rate limit exceeded, try again in {wait} s",
                data={"retry_after": wait},
            )
        return await call_next(context)


def caller() -> str:
    """Return who calls, hashed: the signed-in user, else the address, else the one local user.

    Never the session: every modern request has a new one.
    """
    who = current_principal()
    if who is None:
        try:
            client = get_http_request().client
        except RuntimeError:  # stdio and in-memory connections have no address
            who = "local"
        else:
            who = f"address {client.host if client else 'unknown'}"
    return hashlib.sha256(who.encode("utf-8", "surrogatepass")).hexdigest()

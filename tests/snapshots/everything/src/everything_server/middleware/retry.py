"""Another try for tools that may be run twice."""

import logging

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import ToolResult
from mcp.types import CallToolRequestParams
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)
from tenacity.asyncio import retry_if_exception

logger = logging.getLogger(__name__)

PASSING = (ConnectionError, TimeoutError)
LONGEST_PAUSE_S = 30.0


class RetryMiddleware(Middleware):
    """Runs read-only and idempotent tools again after connection errors and time-outs."""

    def __init__(self, *, attempts: int, pause: float) -> None:
        """Run a tool so often at most; the pauses between grow from the first."""
        self.attempts = attempts
        self.pause = pause

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Call the tool, again where that does no harm."""

        async def worthwhile(error: BaseException) -> bool:
            return _passes(error) and await _repeatable(context)

        def report(state: RetryCallState) -> None:
            logger.warning("Attempt %d of %r failed", state.attempt_number, context.message.name)

        retrying = AsyncRetrying(
            retry=retry_if_exception(worthwhile),
            stop=stop_after_attempt(self.attempts),
            wait=wait_exponential(self.pause, LONGEST_PAUSE_S) + wait_random(0, self.pause),
            before_sleep=report,
            reraise=True,
        )
        return await retrying(call_next, context)


def _passes(error: BaseException) -> bool:
    """Tell whether the error, or the one that FastMCP wrapped, may be gone next time."""
    return isinstance(error, PASSING) or isinstance(error.__cause__, PASSING)


async def _repeatable(context: MiddlewareContext[CallToolRequestParams]) -> bool:
    connection = context.fastmcp_context
    if connection is None or "fastmcp" in (context.message.meta or {}):
        return False  # no server, or a certain version of the tool is wanted
    tool = await connection.fastmcp.get_tool(context.message.name)
    if tool is None or tool.annotations is None:
        return False
    return bool(tool.annotations.read_only_hint or tool.annotations.idempotent_hint)

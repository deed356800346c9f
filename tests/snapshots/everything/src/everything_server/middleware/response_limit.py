"""A bound for the size of answers."""

from fastmcp.exceptions import ToolError
from fastmcp.server.middleware import CallNext, MiddlewareContext
from fastmcp.server.middleware.response_limiting import ResponseLimitingMiddleware
from fastmcp.tools import ToolResult
from mcp.types import CallToolRequestParams
from pydantic_core import to_json


class ResponseLimitMiddleware(ResponseLimitingMiddleware):
    """Refuses answers that are too large, and cuts those of the tools that are named.

    A cut answer fits no output schema, so named tools lose theirs; all others keep it.
    """

    def __init__(self, *, max_size: int, truncated: list[str]) -> None:
        """Bound all answers; cut those of the tools that are named."""
        super().__init__(max_size=max_size, tools=truncated)
        self.truncated = frozenset(truncated)

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Pass an answer on if it is small enough."""
        if context.message.name in self.truncated:
            return await super().on_call_tool(context, call_next)
        result = await call_next(context)
        if isinstance(result, ToolResult):  # a task that was only started is none
            size = len(to_json(result, fallback=str))
            if size > self.max_size:
                told = f"The answer has {size} bytes, more than the {self.max_size} allowed"
                raise ToolError(f"{told}: ask for less")
        return result

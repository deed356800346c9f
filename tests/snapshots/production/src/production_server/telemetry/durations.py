"""Durations of requests, by method and registered name."""

from time import perf_counter
from typing import Any

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from mcp.types import CallToolRequestParams, GetPromptRequestParams
from opentelemetry.metrics import Meter, get_meter

from .spans import known_method

# Names and boundaries are those of OpenTelemetry's conventions for MCP.
NAME = "mcp.server.operation.duration"
SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)


class TelemetryMiddleware(Middleware):
    """Measures every request, refused ones included."""

    def __init__(self, *, enabled: bool, meter: Meter | None = None) -> None:
        """Measure with this meter, by default with that of the process."""
        self._enabled = enabled
        self._durations = (meter or get_meter(__name__)).create_histogram(
            NAME,
            unit="s",
            description="Duration of MCP requests",
            explicit_bucket_boundaries_advisory=SECONDS,
        )

    async def on_request(
        self,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
    ) -> object:
        """Measure one request."""
        if not self._enabled:
            return await call_next(context)
        attributes = {"mcp.method.name": known_method(context.method)}
        started = perf_counter()
        try:
            attributes |= await _component(context)
            result = await call_next(context)
            if getattr(result, "is_error", False):
                attributes["error.type"] = "tool_error"
            return result
        except Exception as error:
            attributes["error.type"] = type(error).__qualname__
            raise
        finally:
            self._durations.record(perf_counter() - started, attributes)


async def _component(context: MiddlewareContext[Any]) -> dict[str, str]:
    """Return the name of a tool or prompt that exists: others would be series without end."""
    if context.fastmcp_context is None:
        return {}
    server = context.fastmcp_context.fastmcp
    match context.message:
        case CallToolRequestParams(name=name):
            return {"gen_ai.tool.name": name} if await server.get_tool(name) else {}
        case GetPromptRequestParams(name=name):
            return {"gen_ai.prompt.name": name} if await server.get_prompt(name) else {}
    return {}

"""A short way for the SDK's own look at the schema of a tool that is called."""

from collections.abc import Sequence

from fastmcp.server.dependencies import get_http_request
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import Tool
from mcp.types import ListToolsRequest

MODERN = "2026-07-28"


class SchemaLookupMiddleware(Middleware):
    """Answers a listing that no client has asked for.

    Before each tool call over HTTP the SDK lists all tools, to check headers that the schema of
    the called one may ask for. Here it gets that one, past all other middleware: nothing is logged
    or counted twice, and a call costs the same however many tools there are.
    """

    async def on_list_tools(
        self,
        context: MiddlewareContext[ListToolsRequest],
        call_next: CallNext[ListToolsRequest, Sequence[Tool]],
    ) -> Sequence[Tool]:
        """Return the called tool to the SDK, and the list to a client."""
        name = _called_tool(context)
        if name is None or context.fastmcp_context is None:
            return await call_next(context)
        tool = await context.fastmcp_context.fastmcp.get_tool(name)
        return [] if tool is None else [tool]


def _called_tool(context: MiddlewareContext[ListToolsRequest]) -> str | None:
    """Return the name of the tool that the HTTP request calls, None where it calls none.

    The header is only to be trusted on modern connections: there the SDK has compared it with the
    body, so a client that asks for the list can't name a tool that is hidden from it.
    """
    connection = context.fastmcp_context
    request = connection.request_context if connection else None
    if request is None or request.protocol_version < MODERN:
        return None
    try:
        headers = get_http_request().headers
    except RuntimeError:  # stdio and in-memory connections have no headers
        return None
    return headers.get("mcp-name") if headers.get("mcp-method") == "tools/call" else None

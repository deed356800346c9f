"""The SDK's own listing before a call, and what clients see of it: nothing."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import Tool
from fastmcp.utilities.tests import ASGIServer, asgi_server

from everything_server.middleware.schema_lookup import SchemaLookupMiddleware


class Seen(Middleware):
    """Notes the methods that pass, and hides the tool `secret` from listings."""

    def __init__(self) -> None:
        """Begin with none."""
        self.methods: list[str | None] = []

    async def on_request(
        self,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
    ) -> object:
        """Note one request."""
        self.methods.append(context.method)
        return await call_next(context)

    async def on_list_tools(
        self,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Sequence[Tool]],
    ) -> Sequence[Tool]:
        """Leave the hidden one out."""
        return [tool for tool in await call_next(context) if tool.name != "secret"]


def twice(number: int) -> int:
    return 2 * number


def secret() -> str:
    return "found"


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def http(seen: Seen) -> AsyncIterator[ASGIServer]:
    server = FastMCP("lookup", middleware=[SchemaLookupMiddleware(), seen])
    server.add_tool(twice)
    server.add_tool(secret)
    async with asgi_server(server, stateless_http=True) as running:
        yield running


def client(
    http: ASGIServer,
    mode: Literal["auto", "legacy"],
    headers: dict[str, str] | None = None,
) -> Client[Any]:
    transport = StreamableHttpTransport(
        http.url,
        headers=headers,
        httpx_client_factory=http.http_client,
    )
    return Client(transport, mode=mode)


async def test_a_call_is_all_that_is_seen(http: ASGIServer, seen: Seen) -> None:
    async with client(http, "auto") as modern:
        await modern.list_tools()
        assert (await modern.call_tool("twice", {"number": 21})).data == 42
    assert seen.methods == ["server/discover", "tools/list", "tools/call"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_gets_the_list_that_it_may_see(
    http: ASGIServer,
    seen: Seen,
    mode: Literal["auto", "legacy"],
) -> None:
    async with client(http, mode) as any_client:
        assert [tool.name for tool in await any_client.list_tools()] == ["twice"]
    assert "tools/list" in seen.methods


async def test_headers_that_nobody_checked_show_no_hidden_tool(http: ASGIServer) -> None:
    headers = {"mcp-method": "tools/call", "mcp-name": "secret"}
    async with client(http, "legacy", headers) as legacy:
        assert [tool.name for tool in await legacy.list_tools()] == ["twice"]

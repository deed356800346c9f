"""The echo tool."""

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from fastmcp.exceptions import ToolError

from minimal_server.tools.echo import echo


def test_plain_call() -> None:
    assert echo("test") == "test"


async def test_call_through_a_client(client: Client[FastMCPTransport]) -> None:
    tools = await client.list_tools()
    assert any(tool.name == "echo" for tool in tools)
    result = await client.call_tool("echo", {"text": "test"})
    assert result.data == "test"


async def test_refuses_a_long_text(client: Client[FastMCPTransport]) -> None:
    with pytest.raises(ToolError, match="at most 10000 characters"):
        await client.call_tool("echo", {"text": "x" * 10_001})

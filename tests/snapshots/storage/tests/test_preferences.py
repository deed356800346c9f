"""The tools that remember preferences."""

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from fastmcp.exceptions import ToolError


async def test_a_preference_is_remembered(client: Client[FastMCPTransport]) -> None:
    before = await client.call_tool("get_preference", {"key": "units"})
    assert before.data == "not found"
    saved = await client.call_tool("save_preference", {"key": "units", "value": "metric"})
    assert saved.data == "Saved units"
    after = await client.call_tool("get_preference", {"key": "units"})
    assert after.data == "metric"


async def test_the_last_value_counts(client: Client[FastMCPTransport]) -> None:
    for value in ("metric", "imperial"):
        await client.call_tool("save_preference", {"key": "units", "value": value})
    found = await client.call_tool("get_preference", {"key": "units"})
    assert found.data == "imperial"


async def test_any_name_is_safe(client: Client[FastMCPTransport]) -> None:
    key = "../../" + "ü" * 94
    await client.call_tool("save_preference", {"key": key, "value": "here"})
    found = await client.call_tool("get_preference", {"key": key})
    assert found.data == "here"


async def test_the_store_is_no_argument(client: Client[FastMCPTransport]) -> None:
    tools = {tool.name: tool for tool in await client.list_tools()}
    assert set(tools["save_preference"].input_schema["properties"]) == {"key", "value"}
    with pytest.raises(ToolError, match="at most 100 characters"):
        await client.call_tool("get_preference", {"key": "x" * 101})

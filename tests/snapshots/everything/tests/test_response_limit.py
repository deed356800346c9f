"""Answers that are too large."""

from typing import Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import ToolError
from mcp.types import TextContent

from everything_server.settings import Settings

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])
Mode = Literal["auto", "legacy"]


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Allow 1,000 bytes."""
    assert environment
    return Settings(response_max_bytes=1000, truncated_tools=["search"])


def search(size: int) -> str:
    return "ä" * size


def numbers(size: int) -> list[int]:
    return list(range(size))


@pytest.fixture
def server(server: FastMCP) -> FastMCP:
    """Add tools with answers of any size."""
    server.add_tool(search)
    server.add_tool(numbers)
    return server


@ERAS
async def test_a_small_answer_passes(server: FastMCP, mode: Mode) -> None:
    async with Client(server, mode=mode) as client:
        assert (await client.call_tool("numbers", {"size": 3})).data == [0, 1, 2]
        result = await client.call_tool("search", {"size": 3})
    assert isinstance(result.content[0], TextContent)
    assert result.content[0].text == "äää"


@ERAS
async def test_a_named_tool_is_cut(server: FastMCP, mode: Mode) -> None:
    async with Client(server, mode=mode) as client:
        result = await client.call_tool("search", {"size": 5000})
    assert isinstance(result.content[0], TextContent)
    assert result.content[0].text.startswith("ää")
    assert result.content[0].text.endswith("[Response truncated due to size limit]")
    assert len(result.content[0].text.encode()) <= 1000


@ERAS
async def test_others_are_refused(server: FastMCP, mode: Mode) -> None:
    async with Client(server, mode=mode) as client:
        with pytest.raises(ToolError, match="more than the 1000 allowed: ask for less"):
            await client.call_tool("numbers", {"size": 5000})


async def test_only_named_tools_lose_their_schema(server: FastMCP) -> None:
    async with Client(server) as client:
        schemas = {item.name: item.output_schema for item in await client.list_tools()}
    assert schemas["search"] is None
    assert schemas["numbers"] is not None

"""The note tools, through a client."""

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import FastMCPTransport
from fastmcp.exceptions import ToolError


async def find(client: Client[FastMCPTransport], **arguments: object) -> list[str]:
    result = await client.call_tool("find_notes", arguments)
    assert result.structured_content is not None
    return [note["text"] for note in result.structured_content["result"]]


async def test_notes_are_kept(server: FastMCP) -> None:
    async with Client(server) as client:
        result = await client.call_tool("add_note", {"text": "buy milk"})
        assert result.structured_content == {"id": 1, "text": "buy milk"}
    async with Client(server) as client:  # the lifespan has ended and started again
        assert await find(client) == ["buy milk"]


async def test_search(client: Client[FastMCPTransport]) -> None:
    for text in ("Buy milk", "buy bread", "save 10%"):
        await client.call_tool("add_note", {"text": text})
    assert await find(client) == ["save 10%", "buy bread", "Buy milk"]
    assert await find(client, text="buy", limit=1) == ["buy bread"]
    assert await find(client, text="%") == ["save 10%"]


async def test_a_text_is_never_sql(client: Client[FastMCPTransport]) -> None:
    text = "'); DROP TABLE notes; --"
    await client.call_tool("add_note", {"text": text})
    assert await find(client, text=text) == [text]
    assert await find(client, text="' OR '1'='1") == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"limit": 0}, "greater than or equal to 1"),
        ({"limit": 101}, "less than or equal to 100"),
        ({"sql": "SELECT 1"}, "Unexpected keyword argument"),
    ],
)
async def test_wrong_arguments_are_refused(
    client: Client[FastMCPTransport],
    arguments: dict[str, object],
    reason: str,
) -> None:
    with pytest.raises(ToolError, match=reason):
        await client.call_tool("find_notes", arguments)

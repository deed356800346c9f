"""The query resource."""

import json
from urllib.parse import quote

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from fastmcp.exceptions import McpError
from mcp.types import TextResourceContents


async def search(client: Client[FastMCPTransport], query: str) -> list[str]:
    (contents,) = await client.read_resource(f"notes://search{query}")
    assert isinstance(contents, TextResourceContents)
    assert contents.mime_type == "application/json"
    return [note["text"] for note in json.loads(contents.text)]


async def test_query_resource(client: Client[FastMCPTransport]) -> None:
    for text in ("buy milk", "buy bread", "call home"):
        await client.call_tool("add_note", {"text": text})
    assert await search(client, "?text=buy") == ["buy bread", "buy milk"]
    assert await search(client, "?text=buy&limit=1") == ["buy bread"]
    assert await search(client, "?text=" + quote("' OR 1=1 --")) == []


async def test_limit_is_checked(client: Client[FastMCPTransport]) -> None:
    with pytest.raises(McpError):
        await client.read_resource("notes://search?limit=1000")

"""The fetch tool, through a client."""

import httpx2
import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import ToolError

from everything_server import http_client


def answer(request: httpx2.Request) -> httpx2.Response:
    if request.url.path == "/items/1":
        return httpx2.Response(200, json={"name": "Item A"})
    if request.url.path == "/hello":
        return httpx2.Response(200, text="Hello")
    return httpx2.Response(500)


@pytest.fixture(autouse=True)
def upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx2.MockTransport(answer)
    monkeypatch.setattr(http_client, "AsyncHTTPTransport", lambda **_: transport)


@pytest.mark.parametrize(
    ("path", "media_type", "content"),
    [
        ("items/1", "application/json", {"name": "Item A"}),
        ("hello", "text/plain", "Hello"),
    ],
)
async def test_fetch(server: FastMCP, path: str, media_type: str, content: object) -> None:
    async with Client(server) as client:
        result = await client.call_tool("fetch", {"path": path})
    assert result.structured_content == {"media_type": media_type, "content": content}


@pytest.mark.parametrize(
    ("path", "reason"),
    [("broken", "answered 500"), ("http://evil.example/", "must be relative")],
)
async def test_fetch_fails(server: FastMCP, path: str, reason: str) -> None:
    async with Client(server) as client:
        with pytest.raises(ToolError, match=reason):
            await client.call_tool("fetch", {"path": path})

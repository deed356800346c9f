"""The URL resource."""

import httpx2
import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import McpError
from mcp.types import TextResourceContents

from production_server import http_client


def answer(request: httpx2.Request) -> httpx2.Response:
    if request.url.path == "/api/data":
        return httpx2.Response(200, json={"value": 1})
    return httpx2.Response(404)


@pytest.fixture(autouse=True)
def upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx2.MockTransport(answer)
    monkeypatch.setattr(http_client, "AsyncHTTPTransport", lambda **_: transport)


async def test_url_resource(server: FastMCP) -> None:
    async with Client(server) as client:
        (contents,) = await client.read_resource("remote://api/data")
    assert isinstance(contents, TextResourceContents)
    assert contents.mime_type == "application/json"
    assert contents.text == '{"value": 1}'


@pytest.mark.parametrize("uri", ["remote://missing", "remote://api/..%2F..%2Fadmin"])
async def test_other_paths_fail(server: FastMCP, uri: str) -> None:
    async with Client(server) as client:
        with pytest.raises(McpError):
            await client.read_resource(uri)

"""The server over HTTP."""

from typing import Literal

import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.utilities.tests import ASGIServer


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_answers_both_protocol_eras(
    http: ASGIServer,
    token: str | None,
    mode: Literal["auto", "legacy"],
) -> None:
    transport = StreamableHttpTransport(http.url, auth=token, httpx_client_factory=http.http_client)
    async with Client(transport, mode=mode) as client:
        names = [tool.name for tool in await client.list_tools()]
    assert names


@pytest.mark.parametrize(
    ("header", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)],
)
async def test_refuses_a_foreign_page(
    http: ASGIServer,
    header: dict[str, str],
    status: int,
) -> None:
    async with http.http_client(headers=header) as raw:
        response = await raw.post("/mcp", json={})
    assert response.status_code == status

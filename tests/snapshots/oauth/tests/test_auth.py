"""Nobody gets in over HTTP without a good token."""

import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.exceptions import McpError
from fastmcp.utilities.tests import ASGIServer

from oauth_server.server import create_server
from oauth_server.settings import Settings

REQUEST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic dGVzdDp0ZXN0"}])
async def test_a_token_is_asked_for(http: ASGIServer, header: dict[str, str]) -> None:
    async with http.http_client(headers=header) as raw:
        response = await raw.post("/mcp", json=REQUEST)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_wrong_token_is_refused(http: ASGIServer) -> None:
    async with http.http_client(headers={"Authorization": "Bearer wrong"}) as raw:
        response = await raw.post("/mcp", json=REQUEST)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


async def test_a_client_without_a_token_stays_outside(http: ASGIServer) -> None:
    transport = StreamableHttpTransport(http.url, httpx_client_factory=http.http_client)
    with pytest.raises(McpError):
        async with Client(transport) as client:
            await client.list_tools()


@pytest.mark.parametrize(
    "url",
    ["http://mcp.example.com", "http://localhost.example.com", "http://10.0.0.1:8000"],
)
def test_tokens_do_not_cross_a_network_in_clear(settings: Settings, url: str) -> None:
    with pytest.raises(SystemExit, match="BASE_URL must begin with https"):
        create_server(settings.model_copy(update={"base_url": url}))


@pytest.mark.parametrize(
    "url",
    ["mcp", "https://", "ftp://127.0.0.1", "http://[::1", "https://a b.example"],
)
def test_what_is_no_url_is_refused(settings: Settings, url: str) -> None:
    with pytest.raises(SystemExit, match="BASE_URL must be a URL"):
        create_server(settings.model_copy(update={"base_url": url}))


@pytest.mark.parametrize(
    "url",
    ["https://mcp.example.com", "http://localhost:8000", "http://[::1]:8000"],
)
def test_safe_addresses_are_taken(settings: Settings, url: str) -> None:
    assert create_server(settings.model_copy(update={"base_url": url})).auth

"""Pages of other origins."""

import pytest
from fastmcp.utilities.tests import ASGIServer

from everything_server.settings import Settings

PAGE = "https://app.example.com"
HEADERS = "authorization, content-type, mcp-method, mcp-name, mcp-protocol-version"


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Allow one page."""
    assert environment
    return Settings(allowed_origins=[PAGE])


def preflight(origin: str) -> dict[str, str]:
    """Return what a browser asks before a request."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": HEADERS,
    }


async def test_an_allowed_page_may_call(http: ASGIServer) -> None:
    async with http.http_client() as raw:
        asked = await raw.options("/mcp", headers=preflight(PAGE))
        answer = await raw.post("/mcp", json={}, headers={"Origin": PAGE})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in asked.headers
    assert answer.status_code not in {403, 421}
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "mcp-session-id" in answer.headers["access-control-expose-headers"]


async def test_others_may_not(http: ASGIServer) -> None:
    async with http.http_client() as raw:
        asked = await raw.options("/mcp", headers=preflight("https://evil.example"))
        answer = await raw.post("/mcp", json={}, headers={"Origin": "https://evil.example"})
    assert asked.status_code == 400
    assert answer.status_code == 403
    for response in (asked, answer):
        assert "access-control-allow-origin" not in response.headers

"""Fixtures: settings that need nothing from outside, and clients for both transports."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import FastMCPTransport
from fastmcp.server.auth import AccessToken, MultiAuth
from fastmcp.utilities.asgi_transport import run_asgi_lifespan
from fastmcp.utilities.tests import ASGIServer
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser

from production_server.server import create_server
from production_server.settings import Settings
from production_server.web import create_app

ENVIRONMENT: dict[str, str] = {
    "PRODUCTION_SERVER_LOG_LEVEL": "DEBUG",
    "PRODUCTION_SERVER_STORAGE_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "PRODUCTION_SERVER_RESTRICTED_TAGS": "admin",
    "PRODUCTION_SERVER_CACHE_MAX_ENTRIES": "1000",
    "PRODUCTION_SERVER_CACHE_URL": "memory://",
    "PRODUCTION_SERVER_RATE_LIMIT": "1000000/minute",
    "PRODUCTION_SERVER_ADDRESS_LIMIT": "1000000/minute",
    "PRODUCTION_SERVER_RATE_LIMIT_URL": "memory://",
    "PRODUCTION_SERVER_BEARER_TOKENS": "tests:3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0::read+write",
    "PRODUCTION_SERVER_REQUEST_STATE_KEY": "request-state-key-of-the-tests-only",
    "PRODUCTION_SERVER_REDIS_URL": "memory://",
    "PRODUCTION_SERVER_HTTP_BASE_URL": "https://service.example",
    "PRODUCTION_SERVER_HTTP_BACKOFF": "0",
    "PRODUCTION_SERVER_METRICS_PORT": "0",
}


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Run each test in an empty folder, with the settings above and no others."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("PRODUCTION_SERVER_"):
            monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Return the settings of the test environment."""
    return Settings()


@pytest.fixture
def server(settings: Settings) -> FastMCP:
    """Return a new server."""
    return create_server(settings)


@pytest.fixture
async def client(server: FastMCP) -> AsyncIterator[Client[FastMCPTransport]]:
    """Connect in memory."""
    async with Client(server) as connected:
        yield connected


@pytest.fixture
async def http(settings: Settings) -> AsyncIterator[ASGIServer]:
    """Serve the real HTTP app without a socket."""
    app = create_app(settings)
    async with run_asgi_lifespan(app):
        yield ASGIServer(url="http://127.0.0.1:8000/mcp", app=app, transport_type="http")


TESTER = AccessToken(
    token="token-of-tester",
    client_id="tests",
    scopes=["admin", "read", "write"],
    subject="tester",
)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Return a token that is good for HTTP requests, whatever the server would ask online."""

    async def verify(_auth: MultiAuth, token: str) -> AccessToken | None:
        return TESTER if token == TESTER.token else None

    monkeypatch.setattr(MultiAuth, "verify_token", verify)
    return TESTER.token


@pytest.fixture(autouse=True)
def signed_in() -> Iterator[None]:
    """Let clients in memory, which send no token, be TESTER."""
    before = auth_context_var.set(AuthenticatedUser(TESTER))
    yield
    auth_context_var.reset(before)

"""Fixtures: settings that need nothing from outside, and clients for both transports."""

import os
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path
from threading import Thread

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import FastMCPTransport
from fastmcp.server.auth import AccessToken, MultiAuth
from fastmcp.utilities.asgi_transport import run_asgi_lifespan
from fastmcp.utilities.tests import ASGIServer
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser

from everything_server.server import create_server
from everything_server.settings import Settings
from everything_server.web import create_app

ENVIRONMENT: dict[str, str] = {
    "EVERYTHING_SERVER_LOG_LEVEL": "DEBUG",
    "EVERYTHING_SERVER_STORAGE_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "EVERYTHING_SERVER_RETRY_ATTEMPTS": "3",
    "EVERYTHING_SERVER_RETRY_PAUSE": "0.001",
    "EVERYTHING_SERVER_RESTRICTED_TAGS": "admin",
    "EVERYTHING_SERVER_CACHE_MAX_ENTRIES": "1000",
    "EVERYTHING_SERVER_CACHE_URL": "memory://",
    "EVERYTHING_SERVER_RATE_LIMIT": "1000000/minute",
    "EVERYTHING_SERVER_ADDRESS_LIMIT": "1000000/minute",
    "EVERYTHING_SERVER_RATE_LIMIT_URL": "memory://",
    "EVERYTHING_SERVER_BEARER_TOKENS": "tests:3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0::read+write",
    "EVERYTHING_SERVER_INTROSPECTION_URL": "http://127.0.0.1:9/introspect",
    "EVERYTHING_SERVER_INTROSPECTION_CLIENT_ID": "introspection-client",
    "EVERYTHING_SERVER_INTROSPECTION_CLIENT_SECRET": "introspection-secret",
    "EVERYTHING_SERVER_INTROSPECTION_AUDIENCE": "https://mcp.test/mcp",
    "EVERYTHING_SERVER_JWT_JWKS_URL": "https://issuer.test/jwks.json",
    "EVERYTHING_SERVER_JWT_ISSUER": "https://issuer.test/",
    "EVERYTHING_SERVER_JWT_AUDIENCE": "https://mcp.test/mcp",
    "EVERYTHING_SERVER_JWT_SIGNING_KEY": "signing-key-of-the-tests-and-nothing-else",
    "EVERYTHING_SERVER_AUTH0_CONFIG_URL": "http://127.0.0.1:9/.well-known/openid-configuration",
    "EVERYTHING_SERVER_AUTH0_CLIENT_ID": "auth0-client",
    "EVERYTHING_SERVER_AUTH0_CLIENT_SECRET": "auth0-secret",
    "EVERYTHING_SERVER_AUTH0_AUDIENCE": "https://mcp.test/mcp",
    "EVERYTHING_SERVER_REQUEST_STATE_KEY": "request-state-key-of-the-tests-only",
    "EVERYTHING_SERVER_REDIS_URL": "memory://",
    "EVERYTHING_SERVER_HTTP_BASE_URL": "https://service.example",
    "EVERYTHING_SERVER_HTTP_BACKOFF": "0",
    "EVERYTHING_SERVER_METRICS_PORT": "0",
}


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Run each test in an empty folder, with the settings above and no others."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("EVERYTHING_SERVER_"):
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


class Discovery(BaseHTTPRequestHandler):
    """Answers every request with the discovery document of an identity provider."""

    def do_GET(self) -> None:
        """Send it."""
        issuer = "https://idp.test/"
        document = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}authorize",
            "token_endpoint": f"{issuer}token",
            "jwks_uri": f"{issuer}jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(dumps(document).encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="session")
def discovery_url() -> Iterator[str]:
    """Serve a discovery document on this machine, also for servers in other processes."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Discovery) as provider:
        thread = Thread(target=provider.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{provider.server_port}/.well-known/openid-configuration"
        provider.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def auth0_offline(
    discovery_url: str,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let servers, also those in other processes, look Auth0 up on this machine."""
    variable = "EVERYTHING_SERVER_AUTH0_CONFIG_URL"
    environment[variable] = discovery_url
    monkeypatch.setenv(variable, discovery_url)

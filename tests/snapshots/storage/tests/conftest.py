"""Fixtures: settings that need nothing from outside, and clients for both transports."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import FastMCPTransport
from fastmcp.utilities.asgi_transport import run_asgi_lifespan
from fastmcp.utilities.tests import ASGIServer

from storage_server.server import create_server
from storage_server.settings import Settings
from storage_server.web import create_app

ENVIRONMENT: dict[str, str] = {
    "STORAGE_SERVER_LOG_LEVEL": "DEBUG",
    "STORAGE_SERVER_STORAGE_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "STORAGE_SERVER_REQUEST_STATE_KEY": "request-state-key-of-the-tests-only",
}


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Run each test in an empty folder, with the settings above and no others."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("STORAGE_SERVER_"):
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


@pytest.fixture
def token() -> str | None:
    """Return what HTTP clients sign in with: nothing, the server is open."""
    return None

"""Limits per caller and per address."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport, StreamableHttpTransport
from fastmcp.exceptions import McpError
from fastmcp.server.auth import AccessToken
from fastmcp.utilities.tests import ASGIServer
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from pydantic import SecretStr, ValidationError

from production_server.middleware.address_limit import check_proxies
from production_server.middleware.limiter import (
    Limiter,
    LimiterUnavailableError,
)
from production_server.server import create_server
from production_server.settings import Settings
from production_server.web import create_app

REDIS_URL = os.environ.get("PRODUCTION_SERVER_TEST_REDIS_URL")
needs_redis = pytest.mark.skipif(
    REDIS_URL is None,
    reason="PRODUCTION_SERVER_TEST_REDIS_URL is not set",
)
NOWHERE = SecretStr("redis://127.0.0.1:1/0")
Mode = Literal["auto", "legacy"]


def hello() -> str:
    return "hello"


@contextmanager
def signed_in(subject: str) -> Iterator[None]:
    """Be somebody in an in-memory connection."""
    token = AccessToken(token=subject, client_id="client", scopes=[], subject=subject)
    reset = auth_context_var.set(AuthenticatedUser(token))
    try:
        yield
    finally:
        auth_context_var.reset(reset)


def client_for(settings: Settings, mode: Mode = "auto") -> Client[FastMCPTransport]:
    """Return a client of a new server with a tool."""
    server = create_server(settings)
    server.add_tool(hello)
    return Client(server, mode=mode)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_each_caller_has_a_limit(environment: dict[str, str], mode: Mode) -> None:
    assert environment
    async with client_for(Settings(rate_limit="2/hour"), mode) as client:
        for name in ("alice", "bob"):
            with signed_in(name):
                for _ in range(2):
                    await client.call_tool("hello")
                with pytest.raises(McpError, match="try again in") as caught:
                    await client.call_tool("hello")
        await client.list_tools()
    assert caught.value.error.code == -32000
    assert 0 < caught.value.error.data["retry_after"] <= 7200


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_limit_holds_over_http(
    monkeypatch: pytest.MonkeyPatch,
    token: str | None,
    mode: Mode,
) -> None:
    monkeypatch.setenv("PRODUCTION_SERVER_RATE_LIMIT", "4/hour")
    app = create_app(Settings())
    http = ASGIServer(url="http://127.0.0.1:8000/mcp", app=app, transport_type="http")

    async def call_three_times() -> None:
        transport = StreamableHttpTransport(
            http.url,
            auth=token,
            httpx_client_factory=http.http_client,
        )
        async with Client(transport, mode=mode) as client:
            for _ in range(3):
                await client.call_tool("nothing", raise_on_error=False)

    async with app.router.lifespan_context(app):
        await call_three_times()
        with pytest.raises(McpError, match="try again in") as caught:
            await call_three_times()  # a new connection is no new caller
    assert caught.value.error.code == -32000


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Allow three requests to an address, and trust one proxy."""
    assert environment
    return Settings(address_limit="3/hour", trusted_proxies=["127.0.0.1"])


async def test_each_address_has_a_limit(http: ASGIServer) -> None:
    async with http.http_client() as raw:
        for _ in range(3):
            assert (await raw.post("/mcp", json={})).status_code != 429
        refused = await raw.post("/mcp", json={})
        probes = [await raw.get(path) for path in ("/health", "/ready")]
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 7200
    assert refused.json()["error"] == "rate_limited"
    assert all(probe.status_code != 429 for probe in probes)


async def test_a_named_proxy_is_believed(http: ASGIServer) -> None:
    async with http.http_client() as raw:
        for number in range(5):
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            assert (await raw.post("/mcp", json={}, headers=headers)).status_code != 429


async def test_nobody_else_is(environment: dict[str, str]) -> None:
    assert environment
    assert Settings().trusted_proxies == []
    app = create_app(Settings(address_limit="3/hour"))
    http = ASGIServer(url="http://127.0.0.1:8000/mcp", app=app, transport_type="http")
    async with app.router.lifespan_context(app), http.http_client() as raw:
        headers = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(4)]
        answers = [await raw.post("/mcp", json={}, headers=item) for item in headers]
    assert [item.status_code == 429 for item in answers] == [False, False, False, True]


@pytest.mark.parametrize("proxy", ["*", "nginx", "10.0.0.0/33"])
def test_a_proxy_without_an_address_ends_the_start(
    environment: dict[str, str],
    proxy: str,
) -> None:
    assert environment
    with pytest.raises(SystemExit, match="is no address or network"):
        check_proxies(Settings(trusted_proxies=["10.0.0.0/8", proxy]))


def test_a_wrong_url_ends_the_start(environment: dict[str, str]) -> None:
    assert environment
    with pytest.raises(SystemExit, match="RATE_LIMIT_URL must be") as caught:
        create_server(Settings(rate_limit_url=SecretStr("swordfish")))
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize("fail_open", [True, False])
async def test_without_the_counts_it_is_open_or_closed(
    environment: dict[str, str],
    fail_open: bool,
) -> None:
    assert environment
    settings = Settings(rate_limit_url=NOWHERE, rate_limit_fail_open=fail_open)
    app = create_app(settings)
    http = ASGIServer(url="http://127.0.0.1:8000/mcp", app=app, transport_type="http")
    async with app.router.lifespan_context(app), http.http_client() as raw:
        answer = await raw.post("/mcp", json={})
    assert (answer.status_code == 503) is not fail_open
    async with client_for(settings) as client:
        if fail_open:
            assert (await client.call_tool("hello")).data == "hello"
        else:
            with pytest.raises(McpError, match="unavailable"):
                await client.call_tool("hello")


@pytest.mark.parametrize("limit", ["0/minute", "many", "5/fortnight", ""])
def test_a_wrong_limit_is_refused(environment: dict[str, str], limit: str) -> None:
    assert environment
    with pytest.raises(ValidationError):
        Settings(rate_limit=limit)


@needs_redis
async def test_replicas_count_together(environment: dict[str, str]) -> None:
    assert environment
    assert REDIS_URL is not None
    settings = Settings(rate_limit_url=SecretStr(REDIS_URL))
    replicas = [Limiter("3/second", settings) for _ in range(2)]
    key = os.urandom(8).hex()
    waits = [await replicas[number % 2].wait(key) for number in range(6)]
    assert waits[:3] == [0, 0, 0]
    assert all(waits[3:])
    for replica in replicas:
        await replica.aclose()
    lost = Limiter("3/second", Settings(rate_limit_url=NOWHERE, rate_limit_fail_open=False))
    with pytest.raises(LimiterUnavailableError):
        await lost.wait(key)


@needs_redis
async def test_a_server_on_redis_closes_its_connections(environment: dict[str, str]) -> None:
    assert environment
    assert REDIS_URL is not None
    settings = Settings(rate_limit_url=SecretStr(REDIS_URL), rate_limit="1000/second")
    for _ in range(2):
        async with client_for(settings) as client:
            assert (await client.call_tool("hello")).data == "hello"

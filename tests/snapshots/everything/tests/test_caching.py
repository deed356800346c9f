"""What is cached, and for whom."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.exceptions import ToolError
from fastmcp.server.auth import AccessToken
from fastmcp.tools import tool
from fastmcp.utilities.tests import ASGIServer
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.types import ToolAnnotations
from pydantic import SecretStr, ValidationError

from everything_server.middleware.caching import ToolCacheMiddleware
from everything_server.server import create_server
from everything_server.settings import Settings

REDIS_URL = os.environ.get("EVERYTHING_SERVER_TEST_REDIS_URL")
needs_redis = pytest.mark.skipif(
    REDIS_URL is None,
    reason="EVERYTHING_SERVER_TEST_REDIS_URL is not set",
)
READ_ONLY = ToolAnnotations(read_only_hint=True)


class Tools:
    """Tools that count how often they really run."""

    def __init__(self) -> None:
        """Start at zero."""
        self.runs = 0

    @tool(tags={"cached"}, annotations=READ_ONLY)
    def cached(self, question: str) -> int:
        """Opt in."""
        assert question
        self.runs += 1
        return self.runs

    @tool(annotations=READ_ONLY)
    def plain(self) -> int:
        """Don't."""
        self.runs += 1
        return self.runs

    @tool(tags={"cached"})
    def writing(self) -> int:
        """Opt in, though it writes."""
        self.runs += 1
        return self.runs

    @tool(tags={"cached"}, annotations=READ_ONLY)
    def failing(self) -> int:
        """Fail the first time."""
        self.runs += 1
        if self.runs == 1:
            raise ToolError("not yet")
        return self.runs


def build(settings: Settings) -> FastMCP:
    """Return a new server with those tools."""
    server = create_server(settings)
    tools = Tools()
    for method in (tools.cached, tools.plain, tools.writing, tools.failing):
        server.add_tool(method)
    return server


@pytest.fixture
def server(settings: Settings) -> FastMCP:
    """Return a server with tools that count."""
    return build(settings)


@contextmanager
def signed_in(token: str) -> Iterator[None]:
    """Be somebody in an in-memory connection."""
    access = AccessToken(token=token, client_id="client", scopes=[], subject="alice")
    reset = auth_context_var.set(AuthenticatedUser(access))
    try:
        yield
    finally:
        auth_context_var.reset(reset)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_equal_calls_run_once(server: FastMCP, mode: Literal["auto", "legacy"]) -> None:
    async with Client(server, mode=mode) as client:
        calls = [await client.call_tool("cached", {"question": letter}) for letter in "aaba"]
    assert [call.data for call in calls] == [1, 1, 2, 1]


@pytest.mark.parametrize("name", ["plain", "writing"])
async def test_only_read_only_tools_that_opt_in(server: FastMCP, name: str) -> None:
    async with Client(server) as client:
        assert [(await client.call_tool(name)).data for _ in range(2)] == [1, 2]


async def test_errors_are_not_kept(server: FastMCP) -> None:
    async with Client(server) as client:
        with pytest.raises(ToolError, match="not yet"):
            await client.call_tool("failing")
        assert [(await client.call_tool("failing")).data for _ in range(2)] == [2, 2]


async def test_lists_are_not_kept(server: FastMCP) -> None:
    async with Client(server) as client:
        await client.list_tools()
        server.local_provider.remove_tool("plain")
        assert "plain" not in {item.name for item in await client.list_tools()}


async def test_users_never_share(server: FastMCP) -> None:
    answers = []
    async with Client(server) as client:
        for token in ("alice", "bob", "alice"):
            with signed_in(token):
                answers.append((await client.call_tool("cached", {"question": "a"})).data)
    assert answers == [1, 2, 1]


@pytest.mark.parametrize("anonymous", [False, True])
async def test_callers_without_a_token_share_only_where_allowed(
    environment: dict[str, str],
    token: str | None,
    anonymous: bool,
) -> None:
    assert environment
    app = build(Settings(cache_anonymous=anonymous)).http_app(stateless_http=True)
    http = ASGIServer(url="http://127.0.0.1:8000/mcp", app=app, transport_type="http")
    answers = []
    async with app.router.lifespan_context(app):
        for user in ("alice", "bob"):
            transport = StreamableHttpTransport(
                http.url,
                auth=token,
                headers={"x-user": user},
                httpx_client_factory=http.http_client,
            )
            async with Client(transport) as client:
                answers.append((await client.call_tool("cached", {"question": "a"})).data)
    assert answers == ([1, 1] if token or anonymous else [1, 2])


async def test_the_memory_is_bounded(environment: dict[str, str]) -> None:
    assert environment
    async with Client(build(Settings(cache_max_entries=2))) as client:
        for question in "abcd":
            await client.call_tool("cached", {"question": question})
        assert (await client.call_tool("cached", {"question": "a"})).data == 5


def test_keeping_for_no_time_is_refused(environment: dict[str, str]) -> None:
    assert environment
    with pytest.raises(ValidationError):
        Settings(cache_ttl=0)


def test_a_wrong_url_ends_the_start(environment: dict[str, str]) -> None:
    assert environment
    with pytest.raises(SystemExit, match="CACHE_URL must be") as caught:
        create_server(Settings(cache_url=SecretStr("swordfish")))
    assert "swordfish" not in str(caught.value)


async def test_without_redis_answers_stay_in_memory(environment: dict[str, str]) -> None:
    assert environment
    server = build(Settings(cache_url=SecretStr("redis://127.0.0.1:1/0")))
    async with Client(server) as client:
        for _ in range(2):
            assert (await client.call_tool("cached", {"question": "a"})).data == 1


@needs_redis
async def test_replicas_share_answers(environment: dict[str, str]) -> None:
    assert environment
    assert REDIS_URL is not None
    settings = Settings(cache_url=SecretStr(REDIS_URL), cache_ttl=1)
    question = {"question": os.urandom(8).hex()}
    servers = [build(settings) for _ in range(2)]
    for server in servers:
        async with Client(server) as client:
            assert (await client.call_tool("cached", question)).data == 1
    (cache,) = [item for item in servers[1].middleware if isinstance(item, ToolCacheMiddleware)]
    statistics = cache.statistics().call_tool
    assert statistics is not None
    assert statistics.get.hit == 1

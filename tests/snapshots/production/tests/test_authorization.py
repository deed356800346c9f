"""Scopes by tag."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import McpError, ToolError
from fastmcp.prompts import prompt
from fastmcp.resources import resource
from fastmcp.server.auth import AccessToken
from fastmcp.tools import tool
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser

from production_server.server import create_server
from production_server.settings import Settings

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])
Mode = Literal["auto", "legacy"]


@tool(tags={"staff"})
def restart() -> str:
    return "restarted"


@resource("staff://list", tags={"staff"})
def staff_list() -> str:
    return "alice"


@prompt(tags={"staff"})
def dismiss() -> str:
    return "Dismiss them"


def hello() -> str:
    return "hello"


@pytest.fixture
def server(environment: dict[str, str]) -> FastMCP:
    """Return a server with components for the staff."""
    assert environment
    server = create_server(Settings(restricted_tags=["staff"]))
    for function in (restart, hello):
        server.add_tool(function)
    server.add_resource(staff_list)
    server.add_prompt(dismiss)
    return server


@contextmanager
def signed_in(*scopes: str) -> Iterator[None]:
    """Be somebody with these scopes in an in-memory connection."""
    token = AccessToken(token="x", client_id="client", scopes=list(scopes), subject="alice")
    reset = auth_context_var.set(AuthenticatedUser(token))
    try:
        yield
    finally:
        auth_context_var.reset(reset)


@ERAS
@pytest.mark.parametrize("scopes", [(), ("other",)])
async def test_without_the_scope(server: FastMCP, mode: Mode, scopes: tuple[str, ...]) -> None:
    with signed_in(*scopes):
        async with Client(server, mode=mode) as client:
            names = {item.name for item in await client.list_tools()}
            assert "hello" in names
            assert "restart" not in names
            assert all(str(item.uri) != "staff://list" for item in await client.list_resources())
            assert all(item.name != "dismiss" for item in await client.list_prompts())
            assert (await client.call_tool("hello")).data == "hello"
            with pytest.raises(ToolError, match=r"insufficient scope .*staff"):
                await client.call_tool("restart")
            with pytest.raises(McpError):
                await client.read_resource("staff://list")
            with pytest.raises(McpError):
                await client.get_prompt("dismiss")


async def test_nobody_is_refused(server: FastMCP) -> None:
    async with Client(server) as client:
        with pytest.raises(ToolError):
            await client.call_tool("restart")


@ERAS
async def test_with_the_scope(server: FastMCP, mode: Mode) -> None:
    with signed_in("staff"):
        async with Client(server, mode=mode) as client:
            assert "restart" in {item.name for item in await client.list_tools()}
            assert (await client.call_tool("restart")).data == "restarted"
            assert await client.read_resource("staff://list")
            assert await client.get_prompt("dismiss")

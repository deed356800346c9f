"""What clients and the log learn about errors."""

import logging
from typing import Annotated, Any, Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import McpError, PromptError, ToolError
from fastmcp.prompts import prompt
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from mcp.types import METHOD_NOT_FOUND
from pydantic import Field

from production_server.middleware.error_handling import ErrorMiddleware
from production_server.server import create_server
from production_server.settings import Settings

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])
Mode = Literal["auto", "legacy"]
SECRET = "hunter2-hunter2"


def crash() -> str:
    raise ValueError(SECRET)


def refuse() -> str:
    raise ToolError("the shop is closed")


def sign_in(password: Annotated[str, Field(max_length=5)]) -> str:
    return password


@prompt
def crash_prompt() -> str:
    raise ValueError(SECRET)


@prompt
def refuse_prompt() -> str:
    raise PromptError("no such topic")


@pytest.fixture
def server(server: FastMCP) -> FastMCP:
    """Add what fails."""
    for function in (crash, refuse, sign_in):
        server.add_tool(function)
    server.add_prompt(crash_prompt)
    server.add_prompt(refuse_prompt)
    return server


@ERAS
async def test_a_tool_error_reaches_the_model(server: FastMCP, mode: Mode) -> None:
    async with Client(server, mode=mode) as client:
        with pytest.raises(ToolError, match=r"^the shop is closed$"):
            await client.call_tool("refuse")


@ERAS
async def test_details_of_a_crash_stay_inside(server: FastMCP, mode: Mode) -> None:
    async with Client(server, mode=mode) as client:
        with pytest.raises(ToolError) as tool_error:
            await client.call_tool("crash")
        with pytest.raises(McpError) as prompt_error:
            await client.get_prompt("crash_prompt")
    assert SECRET not in str(tool_error.value)
    assert SECRET not in str(prompt_error.value)


async def test_a_prompt_says_what_it_wants(server: FastMCP) -> None:
    async with Client(server) as client:
        with pytest.raises(McpError, match="no such topic"):
            await client.get_prompt("refuse_prompt")


async def test_without_the_mask_details_are_shown() -> None:
    server = create_server(Settings(mask_error_details=False))
    server.add_prompt(crash_prompt)
    async with Client(server) as client:
        with pytest.raises(McpError, match=SECRET):
            await client.get_prompt("crash_prompt")


async def test_wrong_arguments_are_named_but_not_repeated(
    server: FastMCP,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Client(server) as client:
        with pytest.raises(ToolError, match=r"password: .* at most 5 characters") as caught:
            await client.call_tool("sign_in", {"password": SECRET})
    assert SECRET not in str(caught.value)
    own = [item for item in caplog.records if item.name.endswith(".middleware.error_handling")]
    assert own
    assert all(SECRET not in item.getMessage() for item in own)


async def test_errors_are_counted(server: FastMCP) -> None:
    async with Client(server) as client:
        with pytest.raises(ToolError):
            await client.call_tool("refuse")
    (handler,) = [item for item in server.middleware if isinstance(item, ErrorMiddleware)]
    assert handler.get_error_stats() == {"ToolError:tools/call": 1}


async def test_methods_that_do_not_exist_are_counted_as_one() -> None:
    async def refuse_method(context: MiddlewareContext[Any]) -> None:
        raise McpError(code=METHOD_NOT_FOUND, message="Method not found")

    handler = ErrorMiddleware(mask=True)
    for method in ("made/up", "made/up/too"):
        with pytest.raises(McpError):
            await handler.on_message(MiddlewareContext(message={}, method=method), refuse_method)
    assert handler.get_error_stats() == {"MCPError:unknown method": 2}


class Unreachable(Middleware):
    """Fails as what reads from a store does while that is away."""

    async def on_request(
        self,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
    ) -> object:
        """Let the handshake pass."""
        if context.method == "tools/call":
            raise ConnectionError(SECRET)
        return await call_next(context)


@pytest.mark.parametrize("masked", [True, False])
async def test_what_fails_around_a_tool_stays_inside(masked: bool) -> None:
    server = create_server(Settings(mask_error_details=masked))
    server.add_middleware(Unreachable())
    async with Client(server, mode="legacy") as client:
        with pytest.raises(McpError) as caught:
            await client.call_tool("echo", {"text": "hello"})
    assert (SECRET in str(caught.value)) is not masked

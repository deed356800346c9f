"""What clients and the log learn about errors."""

import logging
from typing import Annotated, Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import McpError, PromptError, ToolError
from fastmcp.prompts import prompt
from fastmcp.server.middleware.error_handling import ErrorHandlingMiddleware
from pydantic import Field

from standard_server.server import create_server
from standard_server.settings import Settings

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
    (handler,) = [item for item in server.middleware if isinstance(item, ErrorHandlingMiddleware)]
    assert handler.get_error_stats() == {"ToolError:tools/call": 1}

"""The request log."""

import json
import logging
from typing import Any, Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.middleware import MiddlewareContext
from fastmcp.tools import ToolResult

from standard_server.middleware.request_log import RequestLogMiddleware

SECRET = "hunter2-hunter2"


def crash(password: str) -> str:
    raise ValueError(password)


def fail() -> ToolResult:
    return ToolResult(content=SECRET, is_error=True)


def keep(password: str) -> str:
    return password


@pytest.fixture
def server(server: FastMCP) -> FastMCP:
    """Add tools that get and give secrets."""
    for function in (crash, fail, keep):
        server.add_tool(function)
    return server


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return what the request log holds about tools."""
    lines = [item for item in caplog.records if item.name.endswith(".middleware.request_log")]
    assert all(SECRET not in item.getMessage() for item in lines)
    assert all("\n" not in item.getMessage() for item in lines)
    records = [json.loads(item.getMessage()) for item in lines]
    return [item for item in records if item["method"] == "tools/call"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_call_is_one_line_without_its_arguments(
    server: FastMCP,
    caplog: pytest.LogCaptureFixture,
    mode: Literal["auto", "legacy"],
) -> None:
    caplog.set_level(logging.INFO)
    async with Client(server, mode=mode) as client:
        await client.call_tool("keep", {"password": SECRET})
    (record,) = logged(caplog)
    assert record["event"] == "request"
    assert record["name"] == "keep"
    assert record["outcome"] == "ok"
    assert record["duration_ms"] >= 0


async def test_errors_are_named_by_type(server: FastMCP, caplog: pytest.LogCaptureFixture) -> None:
    async with Client(server) as client:
        with pytest.raises(ToolError):
            await client.call_tool("crash", {"password": SECRET})
        with pytest.raises(ToolError):
            await client.call_tool("keep", {"password": [SECRET]})
        await client.call_tool("fail", raise_on_error=False)
    crashed, refused, failed = logged(caplog)
    assert (crashed["outcome"], crashed["error"]) == ("error", "ValueError")
    assert (refused["outcome"], refused["error"]) == ("error", "ValidationError")
    assert failed["outcome"] == "error"


async def test_a_name_can_not_forge_lines(
    server: FastMCP,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Client(server) as client:
        with pytest.raises(ToolError):
            await client.call_tool("x\n" * 1000)
    (record,) = logged(caplog)
    assert len(record["name"]) == 100


async def test_a_method_is_cut_too(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(context: MiddlewareContext[Any]) -> None:
        return None

    caplog.set_level(logging.INFO)
    context = MiddlewareContext[Any](message={}, method="x" * 1000)
    await RequestLogMiddleware().on_message(context, answer)
    assert "x" * 100 in caplog.text
    assert "x" * 101 not in caplog.text

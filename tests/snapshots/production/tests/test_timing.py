"""Timing of requests."""

import logging
from typing import Literal

import pytest
from fastmcp import Client
from fastmcp.exceptions import ToolError

from production_server.server import create_server
from production_server.settings import Settings


def crash(password: str) -> str:
    raise ValueError(password)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(("slow", "level"), [(60, logging.INFO), (1e-9, logging.WARNING)])
async def test_slow_requests_are_warnings(
    environment: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    mode: Literal["auto", "legacy"],
    slow: float,
    level: int,
) -> None:
    caplog.set_level(logging.INFO)
    assert environment
    server = create_server(Settings(slow_request=slow))
    server.add_tool(crash)
    async with Client(server, mode=mode) as client:
        with pytest.raises(ToolError):
            await client.call_tool("crash", {"password": "hunter2"})
    lines = [item for item in caplog.records if item.name.endswith(".middleware.timing")]
    (line,) = [item for item in lines if "tools/call 'crash' took " in item.getMessage()]
    assert line.levelno == level
    assert "hunter2" not in line.getMessage()

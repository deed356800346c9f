"""Tools that fail and are run again."""

from typing import Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.tools import tool
from mcp.types import ToolAnnotations

from everything_server.settings import Settings


class Tools:
    """Tools that fail twice and count how often they run."""

    def __init__(self, error: Exception) -> None:
        """Fail with this error."""
        self.error = error
        self.runs = 0

    def _run(self) -> int:
        self.runs += 1
        if self.runs < 3:
            raise self.error
        return self.runs

    @tool(annotations=ToolAnnotations(read_only_hint=True))
    def reading(self) -> int:
        """Change nothing."""
        return self._run()

    @tool(annotations=ToolAnnotations(idempotent_hint=True))
    def idempotent(self) -> int:
        """Change the same again."""
        return self._run()

    @tool
    def writing(self) -> int:
        """Change something each time."""
        return self._run()


def add_tools(server: FastMCP, error: Exception) -> Tools:
    """Add tools that fail with this error."""
    tools = Tools(error)
    for method in (tools.reading, tools.idempotent, tools.writing):
        server.add_tool(method)
    return tools


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("name", ["reading", "idempotent"])
@pytest.mark.parametrize("error", [ConnectionError("lost"), TimeoutError("late")])
async def test_passing_errors_of_harmless_tools(
    server: FastMCP,
    mode: Literal["auto", "legacy"],
    name: str,
    error: Exception,
) -> None:
    add_tools(server, error)
    async with Client(server, mode=mode) as client:
        assert (await client.call_tool(name)).data == 3


async def test_other_tools_run_once(server: FastMCP) -> None:
    tools = add_tools(server, ConnectionError("lost"))
    async with Client(server) as client:
        with pytest.raises(ToolError):
            await client.call_tool("writing")
        with pytest.raises(ToolError):
            await client.call_tool("nothing")
    assert tools.runs == 1


@pytest.mark.parametrize("error", [ValueError("wrong"), ToolError("closed")])
async def test_lasting_errors_come_at_once(server: FastMCP, error: Exception) -> None:
    tools = add_tools(server, error)
    async with Client(server) as client:
        with pytest.raises(ToolError):
            await client.call_tool("reading")
    assert tools.runs == 1


async def test_it_gives_up(server: FastMCP, settings: Settings) -> None:
    tools = add_tools(server, ConnectionError("lost"))
    tools.runs = -100
    async with Client(server) as client:
        with pytest.raises(ToolError, match="reading"):
            await client.call_tool("reading")
    assert tools.runs == settings.retry_attempts - 100

"""Agents for tests: real FastMCP clients on a server in memory, over stdio, or over HTTP."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastmcp import Client
from fastmcp.client.auth import BearerAuth
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

from mcpforge.serve.server import create_server
from mcpforge.serve.terms import Terms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

SCRIPT = Path(sys.executable).with_name("mcpforge")
SECONDS = 60


@dataclass
class Agent:
    """A client that keeps count of its calls, and of every text it was given."""

    client: Any  # a Client, whose contents are of many types
    calls: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    async def __call__(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its structured result; an error fails the test."""
        result = await self._call(tool, arguments)
        assert not result.is_error, f"{tool}: {result.content[0].text}"
        found: dict[str, Any] = result.structured_content
        return found

    async def refused(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must refuse, and return code, message and hint."""
        result = await self._call(tool, arguments)
        assert result.is_error, f"{tool} {arguments} gave {result.structured_content}"
        told: dict[str, Any] = result.structured_content
        assert list(told) == ["code", "message", "hint"]
        assert told["code"] not in ("bug", ""), told
        assert "Traceback" not in json.dumps(told)
        assert told["message"] in result.content[0].text
        return told

    async def apply(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Plan with one tool and apply the plan."""
        plan = await self(tool, **arguments)
        assert plan["plan_id"], plan
        return await self("apply", plan_id=plan["plan_id"])

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Any:
        self.calls.append(tool)
        result = await self.client.call_tool(tool, arguments, raise_on_error=False)
        self.heard.append(json.dumps(result.structured_content, ensure_ascii=False))
        self.heard += [part.text for part in result.content]
        return result


@asynccontextmanager
async def in_memory(root: Path, **terms: Any) -> AsyncIterator[Agent]:
    """Talk to a server in this process."""
    logging.getLogger("fastmcp").setLevel(logging.CRITICAL)
    async with Client(create_server(Terms(root, **terms))) as client:
        yield Agent(client)


@asynccontextmanager
async def over_stdio(
    root: Path, *flags: str, env: Mapping[str, str] | None = None, script: Path = SCRIPT
) -> AsyncIterator[Agent]:
    """Talk to the installed console script over stdio."""
    transport = StdioTransport(
        str(script),
        ["mcp", str(root), *flags],
        env={**os.environ, **(env or {})},
        cwd=str(root),
        keep_alive=False,
    )
    async with Client(transport) as client:
        yield Agent(client)


@dataclass(frozen=True)
class Serving:
    """A server over HTTP: where, with which token, and its process."""

    url: str
    token: str
    process: subprocess.Popen[str]

    @asynccontextmanager
    async def agent(self, mode: str = "auto") -> AsyncIterator[Agent]:
        """Talk to it, in one era of the protocol."""
        transport = StreamableHttpTransport(self.url, auth=BearerAuth(self.token))
        async with Client(transport, mode=mode) as client:
            yield Agent(client)


@contextmanager
def over_http(
    root: Path, *flags: str, token: str = "", env: Mapping[str, str] | None = None
) -> Iterator[Serving]:
    """Run the installed console script over HTTP; it must end by SIGTERM, and say nothing more."""
    process = subprocess.Popen(
        [SCRIPT, "mcp", str(root), "--http", "--port", "0", "--json", *flags],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=root,
        env=env,
    )
    assert process.stdout
    assert process.stderr
    try:
        told = process.stderr.readline()
        assert told.startswith("Bearer token: "), told + process.stderr.read()
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        data = json.loads("".join(lines))["data"]
        secret = token or told.removeprefix("Bearer token: ").strip()
        yield Serving(data["url"], secret, process)
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=SECONDS)
    assert (out, err) == ("", "")

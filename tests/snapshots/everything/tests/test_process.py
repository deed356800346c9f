"""The console script in a process of its own, as clients and containers start it."""

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from everything_server.app import create

SCRIPT = Path(sys.executable).parent / "everything-server"


async def test_stdio(environment: dict[str, str]) -> None:
    transport = StdioTransport(str(SCRIPT), [], env=environment, keep_alive=False)
    async with Client(transport) as client:
        assert await client.list_tools()


async def test_http_until_sigterm(environment: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await create_subprocess_exec(
        SCRIPT,
        "--transport",
        "http",
        "--port",
        str(port),
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(30):
            while b"running on" not in (line := await process.stderr.readline()):  # type: ignore[union-attr]
                assert line, "the server ended before it listened"
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
    finally:
        process.terminate()
        stdout, stderr = await process.communicate()
    assert b"Application shutdown complete" in stderr  # the lifespan ended
    assert stdout == b""


async def test_fastmcp_command_finds_the_server() -> None:
    assert await create().list_tools()

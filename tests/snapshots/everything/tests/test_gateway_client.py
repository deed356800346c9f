"""The example client, against a stand-in for the gateway and, where there is one, the real one.

The real one is `EVERYTHING_SERVER_TEST_GATEWAY_URL`, the MCP URL of a virtual server, with the token in
`EVERYTHING_SERVER_TEST_GATEWAY_TOKEN`.
"""

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth.providers.jwt import StaticTokenVerifier

ROOT = Path(__file__).parent.parent
REAL_URL = os.environ.get("EVERYTHING_SERVER_TEST_GATEWAY_URL", "")
REAL_TOKEN = os.environ.get("EVERYTHING_SERVER_TEST_GATEWAY_TOKEN", "")
TOKEN = "token-of-the-gateway"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Serve on this machine as the gateway does: with a token, and prefixed names."""
    gateway = FastMCP("gateway", auth=StaticTokenVerifier({TOKEN: {"client_id": "agent"}}))

    @gateway.tool(name="server-shout")
    def shout(text: str) -> str:
        """Return the text in capitals."""
        return text.upper()

    app = gateway.http_app(path="/servers/1/mcp")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        serving = asyncio.create_task(server.serve([listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/servers/1/mcp"
        server.should_exit = True
        await serving


async def client(*arguments: str, token: str = TOKEN) -> tuple[int, str, str]:
    """Run the example and return its exit code, its output and what it says."""
    process = await create_subprocess_exec(
        sys.executable,
        ROOT / "examples" / "gateway_client.py",
        *arguments,
        env={**os.environ, "MCPGATEWAY_BEARER_TOKEN": token},
        stdout=PIPE,
        stderr=PIPE,
    )
    stdout, stderr = await process.communicate()
    return process.returncode or 0, stdout.decode(), stderr.decode()


async def test_tools_are_listed(url: str) -> None:
    code, output, said = await client(url)
    assert code == 0, said
    assert json.loads(output) == ["server-shout"]


async def test_a_tool_is_called(url: str) -> None:
    code, output, said = await client(url, "server-shout", '{"text": "hello"}')
    assert code == 0, said
    assert json.loads(output) == "HELLO"


async def test_a_wrong_token_is_refused(url: str) -> None:
    code, output, said = await client(url, token="wrong-token-of-nobody")
    assert code
    assert output == ""
    assert "wrong-token-of-nobody" not in said


async def test_without_a_token_nothing_is_sent() -> None:
    code, output, said = await client("http://127.0.0.1:1/mcp", token="")
    assert (code, output) == (1, "")
    assert "MCPGATEWAY_BEARER_TOKEN is not set" in said


@pytest.mark.skipif(
    not REAL_URL,
    reason="EVERYTHING_SERVER_TEST_GATEWAY_URL is not set",
)
async def test_the_real_gateway() -> None:
    code, output, said = await client(REAL_URL, token=REAL_TOKEN)
    assert code == 0, said
    assert json.loads(output)

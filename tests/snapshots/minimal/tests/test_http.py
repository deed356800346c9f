"""The server over HTTP."""

import asyncio
import signal
import socket
from contextlib import nullcontext
from typing import Literal

import pytest
import uvicorn
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.utilities.tests import ASGIServer

from minimal_server.settings import Settings
from minimal_server.web import create_app


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_answers_both_protocol_eras(
    http: ASGIServer,
    token: str | None,
    mode: Literal["auto", "legacy"],
) -> None:
    transport = StreamableHttpTransport(http.url, auth=token, httpx_client_factory=http.http_client)
    async with Client(transport, mode=mode) as client:
        names = [tool.name for tool in await client.list_tools()]
    assert names


@pytest.mark.parametrize(
    ("header", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)],
)
async def test_refuses_a_foreign_page(
    http: ASGIServer,
    header: dict[str, str],
    status: int,
) -> None:
    async with http.http_client(headers=header) as raw:
        response = await raw.post("/mcp", json={})
    assert response.status_code == status


async def test_a_running_call_is_finished_at_the_end(
    settings: Settings,
    token: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started = asyncio.Event()

    async def slow() -> str:
        started.set()
        await asyncio.sleep(1)
        return "done"

    app = create_app(settings)
    app.state.fastmcp_server.add_tool(slow)
    monkeypatch.setattr(uvicorn.Server, "capture_signals", nullcontext)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        serving = asyncio.create_task(server.serve([listening]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        async with Client(StreamableHttpTransport(url, auth=token), mode="legacy") as client:
            await client.list_tools()
            call = asyncio.create_task(client.call_tool("slow"))
            await started.wait()
            server.handle_exit(signal.SIGTERM, None)
            assert (await call).data == "done"
        await serving

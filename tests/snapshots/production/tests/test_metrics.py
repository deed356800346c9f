"""Metrics, scraped over a real port as Prometheus does."""

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

import httpx2
import pytest
from fastmcp import Client, Context, FastMCP
from fastmcp.exceptions import McpError, ToolError
from prometheus_client.parser import text_string_to_metric_families

from production_server.metrics import Metrics
from production_server.metrics_server import (
    QuietHandler,
    listen,
    metrics_lifespan,
)
from production_server.settings import Settings

# Two workers that share a folder; the first prints what it serves.
WORKERS = """
import os

from prometheus_client import generate_latest

from production_server.metrics import Metrics

second = os.fork() == 0
metrics = Metrics()
metrics.record("probe", "success", 0.5)
if not second:
    os.wait()
    print(generate_latest(metrics.registry).decode())
"""


def samples(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[" ".join([sample.name, *sample.labels.values()])] = sample.value
    return found


async def scrape(port: int) -> dict[str, float]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.get(f"http://127.0.0.1:{port}/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    return samples(response.text)


async def port_of(server: FastMCP) -> int:
    async with Context(fastmcp=server) as context:
        port = context.lifespan_context["metrics_port"]
    assert isinstance(port, int)
    return port


def probe(*, fail: bool = False) -> str:
    """Answer, or fail."""
    if fail:
        raise ToolError("told to")
    return "fine"


async def test_tool_calls_are_counted_and_timed(server: FastMCP) -> None:
    server.tool(probe)
    async with Client(server) as client:
        await client.call_tool("probe")
        await client.call_tool("probe")
        await client.call_tool("probe", {"fail": True}, raise_on_error=False)
        found = await scrape(await port_of(server))
    assert found["mcp_tool_calls_total success probe"] == 2
    assert found["mcp_tool_calls_total error probe"] == 1
    assert found["mcp_tool_duration_seconds_count probe"] == 3
    assert found["mcp_uptime_seconds"] > 0


async def test_clients_can_not_make_series(server: FastMCP) -> None:
    async with Client(server) as client:
        for name in ("x", "y", "z"):
            await client.call_tool(name, raise_on_error=False)
        found = await scrape(await port_of(server))
    calls = [name for name in found if name.startswith("mcp_tool_calls_total")]
    assert calls == ["mcp_tool_calls_total error unknown"]
    assert found[calls[0]] == 3


async def test_calls_are_counted_while_their_names_can_not_be_looked_up(
    server: FastMCP,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_args: object, **_options: object) -> None:
        raise ConnectionError

    async with Client(server) as client:
        monkeypatch.setattr(server, "get_tool", fail)
        with pytest.raises(McpError):
            await client.call_tool("probe")
        found = await scrape(await port_of(server))
    assert found["mcp_tool_calls_total error unknown"] == 1


async def test_the_port_is_closed_at_the_end(server: FastMCP) -> None:
    async with Client(server):
        port = await port_of(server)
    with pytest.raises(httpx2.ConnectError):
        await scrape(port)


async def test_a_taken_port_does_not_stop_the_server(
    settings: Settings,
    server: FastMCP,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, caplog.at_level(logging.WARNING):
        port = taken.getsockname()[1]
        busy = settings.model_copy(update={"metrics_port": port})
        async with metrics_lifespan(Metrics(), busy)(server) as state:
            assert state == {}
    assert "This process serves no metrics" in caplog.text


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
def test_listens_on_ipv6() -> None:
    with listen(Metrics(), "::1", 0) as listener:
        assert listener.address_family == socket.AF_INET6


def test_a_silent_client_is_given_up_and_logged(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(QuietHandler, "timeout", 0.05)
    caplog.set_level(logging.INFO)
    with (
        listen(Metrics(), "127.0.0.1", 0) as listener,
        socket.create_connection(("127.0.0.1", listener.server_port), timeout=10) as client,
    ):
        listener.handle_request()
        assert client.recv(1) == b""
    assert "A request for metrics failed" in caplog.text
    assert capsys.readouterr().err == ""


async def test_workers_are_summed(tmp_path: Path) -> None:
    env = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    workers = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORKERS,
        env=env,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await workers.communicate()
    found = samples(output.decode())
    assert found["mcp_tool_calls_total success probe"] == 2
    assert found["mcp_tool_duration_seconds_sum probe"] == 1.0
    assert found["mcp_uptime_seconds"] >= 0

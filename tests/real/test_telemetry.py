"""Servers that report by OTLP, in processes of their own: every call is told, nothing of it."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from fastmcp.exceptions import ToolError

from mcpforge.catalog.catalog import load
from mcpforge.catalog.resolve import resolve
from real import servers
from real.collectors import Collector, collector
from real.cover import Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real.workshop import Project, Words

pytestmark = pytest.mark.real
FEATURES = ("telemetry", "error-handling", "json-logs", "audit", "resources")
CASE = Case(
    name="My.Traced_Server",
    features=FEATURES,
    chosen=frozenset(one.id for one in resolve(load(), FEATURES).features),
    number=90,
)
KEY = "key-of-the-collector"
SECRET = "nobody-may-see-this"
MOST_CALLS = 200


@pytest.fixture(name="listening")
def _listening() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture
def case() -> Case:
    return CASE


def reporting(project: Project, world: servers.Outside, url: str, **changes: str) -> dict[str, str]:
    headers = f"x-key={KEY},x-other=a=b"
    values = servers.environment(
        project, world, None, otlp_endpoint=url, otlp_headers=headers, **changes
    )
    return values | {"NO_PROXY": "127.0.0.1", "OTEL_RESOURCE_ATTRIBUTES": "deployment.name=test"}


async def call(served: servers.Served, text: str) -> None:
    async with servers.client(served.transport()) as client:
        await client.call_tool("echo", {"text": text})


async def fail(served: servers.Served) -> None:
    async with servers.client(served.transport()) as client:
        with pytest.raises(ToolError):
            await client.call_tool("echo", {"text": SECRET * 2000})
        with pytest.raises(ToolError):
            await client.call_tool(SECRET, {})


def uvicorn(project: Project) -> Words:
    return [project.python, "-m", "uvicorn", f"{project.package}.asgi:app", "--workers", "2"]


def test_every_call_of_every_worker_is_reported(
    project: Project, world: servers.Outside, listening: Collector, tmp_path: Path
) -> None:
    values = reporting(project, world, listening.url, otlp_metric_interval="0.5")
    done = 0
    with servers.serve(project, values, tmp_path, command=uvicorn(project)) as served:
        while len(listening.durations()) < 2 and done < MOST_CALLS:
            asyncio.run(call(served, SECRET))
            done += 1
        asyncio.run(fail(served))
    assert served.output.read_bytes() == b""
    assert len(listening.durations()) == 2
    spans = [span for _, span in listening.spans()]
    good = [span for span in spans if span.name == "tools/call echo" and not span.status.code]
    assert len(good) == done
    assert listening.called("echo") == done + 1
    assert {span.kind for span in spans} == {2}  # those of the server
    assert [span.name for span in spans if span.status.code == 2] == [
        "tools/call echo",
        "tools/call",
    ]
    assert SECRET.encode() not in listening.everything
    assert b"deployment.name" in listening.everything
    sent = {(one["X-Key"], one["X-Other"]) for one in map(_titled, listening.headers)}
    assert sent == {(KEY, "a=b")}
    assert KEY not in served.text
    assert "Traceback" not in served.text.replace(SECRET, "")


def _titled(headers: dict[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}


def test_stdio_reports_what_it_did(
    project: Project, world: servers.Outside, listening: Collector, tmp_path: Path
) -> None:
    async def main() -> None:
        values = reporting(project, world, listening.url)
        async with servers.client(servers.stdio(project, values, tmp_path)) as client:
            await client.call_tool("echo", {"text": SECRET})

    asyncio.run(main())
    assert listening.called("echo") == 1
    assert "tools/call echo" in {span.name for _, span in listening.spans()}


def test_stdio_reports_what_it_did_before_sigterm(
    project: Project, world: servers.Outside, listening: Collector, tmp_path: Path
) -> None:
    hello = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [project.script],
            cwd=project.root,
            env=reporting(project, world, listening.url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.terminate()
        rest, _ = process.communicate(timeout=30)
    assert rest == b""
    assert [span.name for _, span in listening.spans()] == ["initialize"]


def test_no_traces_without_a_share_but_metrics(
    project: Project, world: servers.Outside, listening: Collector, tmp_path: Path
) -> None:
    values = reporting(project, world, listening.url, otlp_sample_ratio="0")
    with servers.serve(project, values, tmp_path) as served:
        asyncio.run(call(served, "x"))
    assert listening.spans() == []
    assert listening.called("echo") == 1


def test_a_collector_that_hangs_holds_nothing_up(
    project: Project, world: servers.Outside, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        values = reporting(project, world, f"http://127.0.0.1:{deaf.getsockname()[1]}")
        with servers.serve(project, values, tmp_path) as served:
            started = time.monotonic()
            asyncio.run(call(served, "x"))
            assert time.monotonic() - started < 10
            started = time.monotonic()
    assert time.monotonic() - started < 20
    assert "Application shutdown complete" in served.text


def test_nothing_is_sent_without_an_address(
    project: Project, world: servers.Outside, listening: Collector, tmp_path: Path
) -> None:
    values = reporting(project, world, "")
    values["OTEL_EXPORTER_OTLP_ENDPOINT"] = listening.url  # which is none of ours
    with servers.serve(project, values, tmp_path) as served:
        asyncio.run(call(served, "x"))
    assert listening.bodies == {}

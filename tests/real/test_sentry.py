"""A server with workers that reports what nobody expected, and sends it before it ends."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from fastmcp.exceptions import ToolError

from mcpforge.catalog.catalog import load
from mcpforge.catalog.resolve import resolve
from real import servers
from real.collectors import Collector, collector
from real.cover import Case
from real.workshop import once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real.workshop import Project, Words

pytestmark = pytest.mark.real
FEATURES = ("sentry", "error-handling", "json-logs")
CASE = Case(
    name="crashing",
    features=FEATURES,
    chosen=frozenset(one.id for one in resolve(load(), FEATURES).features),
    number=91,
)
SECRET = "nobody-may-see-this"
KEY = "abcdef0123456789"


@pytest.fixture(name="sentry")
def _sentry() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture
def case() -> Case:
    return CASE


@pytest.fixture
def crashing(project: Project) -> Project:
    """Let the project's tool fail as its author didn't expect."""
    with once(project.root / "crashes") as mine:
        if mine:
            tool = project.root / "src" / project.package / "tools" / "echo.py"
            text = tool.read_text(encoding="utf-8")
            assert "    return text\n" in text
            broken = '    raise {"refuse": ToolError}.get(text, LookupError)(text)\n'
            imported = "from fastmcp.exceptions import ToolError\n"
            text = text.replace("    return text\n", broken)
            text = text.replace("from fastmcp.tools", f"{imported}from fastmcp.tools", 1)
            tool.write_text(text, encoding="utf-8")
    return project


def events(sentry: Collector) -> list[dict[str, Any]]:
    found = []
    for body in sentry.bodies["/api/42/envelope/"]:
        plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        found += [json.loads(line) for line in plain.splitlines() if line]
    return [one for one in found if "exception" in one or "logentry" in one or "message" in one]


async def call(served: servers.Served, text: str) -> None:
    async with servers.client(served.transport()) as client:
        with pytest.raises(ToolError):
            await client.call_tool("echo", {"text": text})


def test_a_crash_is_reported_until_sigterm(
    crashing: Project, world: servers.Outside, sentry: Collector, tmp_path: Path
) -> None:
    dsn = f"http://{KEY}@127.0.0.1:{sentry.server_port}/42"
    values = servers.environment(crashing, world, None, sentry_dsn=dsn, sentry_environment="tests")
    values["NO_PROXY"] = "127.0.0.1"
    uvicorn: Words = [crashing.python, "-m", "uvicorn", f"{crashing.package}.asgi:app"]
    with servers.serve(crashing, values, tmp_path, command=uvicorn) as served:
        asyncio.run(call(served, SECRET))
        asyncio.run(call(served, "refuse"))
        asyncio.run(call(served, "x" * 20_000))
    (event,) = events(sentry)
    (error,) = event["exception"]["values"]
    assert error["type"] == "LookupError"
    assert error["stacktrace"]["frames"][-1]["function"] == "echo"
    assert event["environment"] == "tests"
    assert event["release"] == "crashing@0.1.0"
    assert SECRET not in json.dumps(event)
    assert served.output.read_bytes() == b""
    assert KEY not in served.text

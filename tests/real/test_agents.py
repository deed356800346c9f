"""An agent that builds, grows and checks a server by mcpforge's own MCP tools alone."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from real.cover import Case
from real.workshop import Project, Workshop, run
from serve.agents import Agent, over_stdio

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real
WISH = "Tells the weather of a city, answers from a cache, and says how busy it is"
FORECAST = '''"""The forecast tool."""

from fastmcp.tools import tool
from mcp.types import ToolAnnotations


@tool(annotations=ToolAnnotations(read_only_hint=True))
async def forecast(city: str) -> str:
    """Return the forecast of a city."""
    return f"{city}: sunny"
'''
FORECAST_TEST = '''"""The forecast tool."""

from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

from weather.tools.forecast import forecast


async def test_forecast(client: Client[FastMCPTransport]) -> None:
    assert await forecast("Rome") == "Rome: sunny"
    assert (await client.call_tool("forecast", {"city": "Rome"})).data == "Rome: sunny"
'''


def _write(root: Path, path: str, text: str) -> None:
    assert (root / path).is_file(), "the agent writes into the module that it was given"
    (root / path).write_text(text, encoding="utf-8")


async def build(agent: Agent, folder: Path) -> None:
    """From a wish to a server with a tool of its own, grown twice, with nothing to complain of."""
    way = await agent.client.get_prompt("build_server", {"wish": WISH, "path": "weather"})
    assert WISH in str(way.messages[0].content)
    offered = {
        feature["id"]
        for group in (await agent("list_features"))["groups"]
        for feature in group["features"]
    }
    assert {"caching", "health", "metrics"} <= offered
    ttl = (await agent("describe_feature", feature="caching"))["options"]["ttl"]
    assert ttl["type"] == "integer"

    made = await agent.apply(
        "plan_new",
        path="weather",
        preset="standard",
        description=WISH,
        author="Ada <ada@example.org>",
        features=["caching"],
        options={"caching": {"ttl": 120}},
        components=[{"kind": "tool", "name": "forecast"}],
    )
    assert made["git"] == "committed"
    root = folder / "weather"
    _write(root, "src/weather/tools/forecast.py", FORECAST)
    _write(root, "tests/test_tool_forecast.py", FORECAST_TEST)

    plan = await agent(
        "plan_add",
        project="weather",
        features=["metrics"],
        components=[{"kind": "resource", "name": "city", "options": {"uri": "city://{name}"}}],
    )
    assert not plan["conflicts"]
    assert "+" in (await agent("show_diff", plan_id=plan["plan_id"]))["text"]
    await agent("apply", plan_id=plan["plan_id"])
    await agent.apply("plan_set", project="weather", options={"caching": {"ttl": 60}})
    told = await agent("describe_project", project="weather")
    assert told["answers"]["options"]["caching"]["ttl"] == 60
    assert told["edited"] == ["src/weather/tools/forecast.py", "tests/test_tool_forecast.py"]
    await agent("write_secrets", project="weather")
    found = await agent("doctor", path="weather")
    assert (found["errors"], found["findings"]) == (0, []), found


def test_from_a_wish_to_a_server_that_passes_its_own_checks(
    workshop: Workshop, tmp_path: Path
) -> None:
    root = tmp_path / "weather"
    case = Case("weather", ("caching", "metrics"), frozenset(), number=97, title="Weather")
    project = Project(case, root, tmp_path / "home")
    project.home.mkdir()
    script = workshop.wheel()

    async def main() -> tuple[list[str], float]:
        start = time.monotonic()
        async with over_stdio(tmp_path, script=script) as agent:
            await build(agent, tmp_path)
            return agent.calls, time.monotonic() - start

    calls, seconds = asyncio.run(main())
    workshop._install(project)
    environment = {**project.base_environment, "UV_OFFLINE": "1"}
    tools = ("pytest -q", "ruff check", "ruff format --check", "mypy")
    outcomes = {}
    for words in tools:
        done = run([project.python, "-m", *words.split()], cwd=root, env=environment)
        outcomes[words] = (done.stdout.strip().splitlines() or ["clean"])[-1]
    asyncio.run(_call(project))
    applied = calls.count("apply")
    print(f"\nAn agent over MCP: {len(calls)} calls, {applied} applied, {seconds:.1f} s")  # noqa: T201
    for words, told in outcomes.items():
        print(f"  {words}: {told}")  # noqa: T201
    assert len(calls) <= 15
    assert seconds < 60


async def _call(project: Project) -> None:
    """Use the server as any client would."""
    transport = StdioTransport(
        str(project.script), [], env=project.base_environment, keep_alive=False
    )
    async with Client(transport) as client:
        assert (await client.call_tool("forecast", {"city": "Rome"})).data == "Rome: sunny"
        templates = await client.list_resource_templates()
        assert "city://{name}" in [one.uri_template for one in templates]


def test_verify_takes_back_what_does_not_run(workshop: Workshop, tmp_path: Path) -> None:
    """Started with `--verify`, an apply that breaks the server is undone; the agent is told."""

    async def main() -> None:
        async with over_stdio(tmp_path, "--no-git", script=workshop.wheel()) as agent:
            await agent.apply("plan_new", path="weather", preset="minimal")
        server = tmp_path / "weather/src/weather/server.py"
        server.write_text(server.read_text() + "\nraise RuntimeError('mine')\n")
        before = server.read_bytes()
        async with over_stdio(
            tmp_path, "--verify", script=workshop.wheel(), env=workshop_environment()
        ) as agent:
            plan = await agent("plan_add", project="weather", features=["health"])
            told = await agent.refused("apply", plan_id=plan["plan_id"])
            assert told["code"] in ("verify", "install"), told
        assert server.read_bytes() == before
        assert not (tmp_path / "weather/src/weather/routes/health.py").exists()

    asyncio.run(main())


def workshop_environment() -> dict[str, str]:
    """Return what `uv sync` needs of this machine."""
    from real.workshop import ENVIRONMENT

    return ENVIRONMENT

"""Components of every kind in a production project: their tests, and real clients."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from mcpforge.answers import Component
from mcpforge.catalog.catalog import load
from mcpforge.catalog.resolve import resolve
from mcpforge.project.lock import answers_data
from real import servers
from real.cover import Case
from real.test_presets import needed_redis
from real.test_projects import MODES, sign_in
from real.workshop import Project, Words, Workshop, once, run

if TYPE_CHECKING:
    from pathlib import Path

    from fastmcp import Client

pytestmark = pytest.mark.real
LONG = "abcdefghij_abcdefghij_abcdefgh"
PHASES = load().components["middleware"].options["phase"].choices
COMPONENTS = (
    *(Component("middleware", f"m_{phase}", {"phase": phase}) for phase in PHASES),
    Component("middleware", "a"),
    Component("prompt", "brief"),
    Component("prompt", LONG),
    Component("resource", "info"),
    Component("resource", "city", {"uri": "weather://{city}/{path*}{?units,limit}"}),
    Component("resource", LONG, {"uri": "https://example.com/{id}.json"}),
    Component("route", "hello"),
    Component("route", LONG),
    Component("tool", "a"),
    Component("tool", "forecast", {"sync": True}),
    Component("tool", LONG),
)
KINDS = sorted({item.kind for item in COMPONENTS})


@cache
def case() -> Case:
    """Return the largest preset, under a name of the greatest length."""
    catalog = load()
    features = max((catalog.preset(name) for name in catalog.presets), key=len)
    chosen = frozenset(resolve(catalog, features).ids)
    name = "abcdefghij-abcdefghij-abcdefghij-grown-1"
    return Case(name, features, chosen, number=90, title="Grown", description="It grew.")


def grown(workshop: Workshop) -> Project:
    """Return the project with its components, made once."""
    root = workshop.folder / "grown" / case().name
    project = Project(case(), root, workshop.folder / "home")
    with once(root) as mine:
        if mine:
            project.home.mkdir(exist_ok=True)
            answers = replace(project.answers, components=COMPONENTS)
            command: Words = [workshop.wheel(), "new", root, "--no-git", "--json", "--answers", "-"]
            run(command, cwd=workshop.folder, text=json.dumps(answers_data(answers)))
            workshop._install(project)
    return project


@pytest.mark.parametrize("kind", KINDS)
def test_their_own_tests(kind: str, workshop: Workshop) -> None:
    project = grown(workshop)
    tests = sorted(path.name for path in (project.root / "tests").glob(f"test_{kind}_*.py"))
    names = {f"test_{item.kind}_{item.name}.py" for item in COMPONENTS if item.kind == kind}
    assert names <= set(tests)
    command: Words = [project.python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = run(
        [*command, *(f"tests/{name}" for name in sorted(names))],
        cwd=project.root,
        env=project.base_environment,
    )
    assert " passed" in done.stdout


@pytest.mark.service
def test_a_client_uses_them(
    workshop: Workshop,
    world: servers.Outside,
    redis_server: servers.RedisServer | None,
    tmp_path: Path,
) -> None:
    project = grown(workshop)
    redis = needed_redis(project, redis_server)
    values = servers.environment(project, world, redis)
    token = sign_in(project, values, world)
    with servers.serve(project, values, tmp_path) as served:
        for item in COMPONENTS:
            if item.kind == "route":
                assert served.get(f"/{item.name}").json() == {"server": project.case.name}
        asyncio.run(_use(served, token))
    assert served.output.read_bytes() == b""
    for item in COMPONENTS:
        if item.kind == "middleware":
            assert f"{project.package}.middleware.{item.name}" in served.text


async def _use(served: servers.Served, token: str | None) -> None:
    for mode in MODES:
        async with servers.client(served.transport(token), mode) as client:
            await _use_each(client)


async def _use_each(client: Client[Any]) -> None:
    tools = {item.name for item in await client.list_tools()}
    prompts = {item.name for item in await client.list_prompts()}
    for item in COMPONENTS:
        if item.kind == "tool":
            assert item.name in tools
            assert (await client.call_tool(item.name, {"text": "one two"})).data == 2
        if item.kind == "prompt":
            assert item.name in prompts
            found = await client.get_prompt(item.name, {"text": "A story."})
            assert "A story." in str(found.messages[0].content)
    text = await _read(client, "weather://zurich/old/town?limit=3")
    assert text == {"city": "zurich", "path": "old/town", "units": None, "limit": "3"}
    assert await _read(client, "https://example.com/7.json") == {"id": "7"}


async def _read(client: Client[Any], uri: str) -> Any:
    (content,) = await client.read_resource(uri)
    return json.loads(content.text)  # type: ignore[union-attr]

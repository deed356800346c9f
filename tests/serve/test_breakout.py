"""An agent that tries to get out: nothing is read or written that isn't its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from fastmcp.exceptions import McpError

from mcpforge.answers import Answers
from mcpforge.project import lock as locks
from mcpforge.tree import blob_id
from operations.projects import make, tree_of
from processes import everything
from serve.agents import in_memory, over_http, over_stdio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from serve.agents import Agent

SECRET = "s3cr3t-that-nobody-may-see"
OUT = (
    "..",
    "../outside",
    "weather/../../outside",
    "./../outside",
    "/etc",
    "~",
    "~root",
    "link",
    "link/project",
    "weather/link",
    "loop",
    ".git",
    ".env",
    ".mcpforge",
    "weather/.git/hooks",
    "weather/.env",
    "weather/.ENV",
    "weather/.mcpforge/local",
    "weather/.mcpforge/lock.toml",
    "．．/outside",
    "․․/outside",
    ".\u200c./outside",
    "weather/.g\u200cit",
    "weather/\u200b.env",
    "..\\outside",
    "a\x00b",
    "a\nb",
    "\ud800",
    "x" * 399 + "/../..",
    "x/" * 2_000,
)
PATH_TOOLS = (
    ("plan_new", "path"),
    ("plan_add", "project"),
    ("plan_remove", "project"),
    ("plan_set", "project"),
    ("plan_update", "project"),
    ("plan_undo", "project"),
    ("plan_register", "project"),
    ("describe_project", "project"),
    ("doctor", "path"),
    ("write_secrets", "project"),
)
ASKED: dict[str, dict[str, Any]] = {
    "plan_add": {"features": ["health"]},
    "plan_remove": {"features": ["caching"]},
    "plan_set": {"title": "x"},
}
FORBIDDEN = (
    *("trust", "install", "verify", "start", "url", "gateway", "gateway_url", "template"),
    *("features_path", "token", "root", "moved", "conflicts", "force"),
)


@dataclass(frozen=True)
class World:
    """A folder for the agent with a project in it, and what is next to it."""

    root: Path
    outside: Path

    @property
    def weather(self) -> Path:
        """The project."""
        return self.root / "weather"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world in which there are links, secrets and a repository."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    make(outside / "project", Answers(name="other", year=2026))
    (outside / "secret.py").write_text(f"from fastmcp import FastMCP\nKEY = '{SECRET}'\n")
    answers = Answers(name="weather", features=("caching", "bearer"), year=2026)
    make(root / "weather", answers)
    (root / "weather/.env").write_text(f"WEATHER_BEARER_TOKENS={SECRET}\nOTHER={SECRET}\n")
    subprocess.run(["git", "init", "-q", root / "weather"], check=True)
    (root / "weather/.git/hooks/pre-commit").write_text(f"echo {SECRET}\n")
    (root / "link").symlink_to(outside)
    (root / "weather/link").symlink_to(outside / "project")
    (root / "loop").symlink_to(root / "loop")
    # FastMCP would read its settings from here, and end at once.
    (root / ".env").write_text(f"FASTMCP_LOG_LEVEL=nonsense\nFASTMCP_PORT=x\nKEY={SECRET}\n")
    return World(root, outside)


def play(world: World, act: Callable[[Agent], Awaitable[None]], **terms: Any) -> None:
    """Let an agent act; whatever it did, nothing outside was changed and no secret told."""
    before = everything(world.outside)
    repository = everything(world.weather / ".git")

    async def main() -> None:
        async with in_memory(world.root, **terms) as agent:
            await act(agent)
            assert not any(SECRET in text for text in agent.heard)
            assert not any(str(world.root) in text for text in agent.heard)

    asyncio.run(main())
    assert everything(world.outside) == before
    if (world.weather / ".git").is_dir():
        assert everything(world.weather / ".git") == repository


async def try_paths(agent: Agent, world: World, step: int = 1) -> None:
    """Give every tool every path that leads away, or each one of some."""
    paths = [*OUT, str(world.outside), str(world.weather), f"{world.root}/weather"][::step]
    for tool, key in PATH_TOOLS:
        for path in paths:
            if path == "\ud800":
                continue  # no JSON text of a client holds it
            told = await agent.refused(tool, **{key: path}, **ASKED.get(tool, {}))
            assert told["code"] in ("outside", "bad_arguments"), (tool, path, told)


async def try_arguments(agent: Agent, step: int = 1) -> None:
    """Give every tool arguments that it must not have."""
    for tool in await agent.client.list_tools():
        for name in FORBIDDEN[::step]:
            if name in tool.input_schema["properties"]:
                continue
            told = await agent.refused(tool.name, **{name: "https://evil.example"})
            assert told["code"] == "bad_arguments", (tool.name, name)


async def try_huge(agent: Agent) -> None:
    """Give tools more than anybody needs."""
    for arguments in (
        {"path": "big", "description": "x" * 5_000},
        {"path": "big", "features": ["caching"] * 5_000},
        {"path": "big", "features": ["x" * 1_000]},
        {"path": "big", "options": {"caching": {"ttl": "9" * 1_000_000}}},
        {"path": "big", "components": [{"kind": "tool", "name": "a"}] * 1_000},
        {"path": "big", "options": {"caching": {"ttl": 10**400}}},
    ):
        told = await agent.refused("plan_new", **arguments)
        assert len(json.dumps(told)) < 3_000


async def try_answers(agent: Agent) -> None:
    """Give answers that would be dangerous, were they more than data."""
    refused: list[dict[str, Any]] = [
        {"name": "../../x"},
        {"name": "{{ 7*7 }}"},
        {"name": "os"},
        {"name": "x\ny"},
        {"title": "\x1b[31mred"},
        {"author": "a\x00b"},
        {"features": ["../../etc/passwd"]},
        {"features": ["{{ cycler.__init__ }}"]},
        {"preset": "../production"},
        {"options": {"caching": {"ttl": "60\nEVIL=1"}}, "features": ["caching"]},
        {"options": {"../x": {"a": 1}}},
        {"components": [{"kind": "tool", "name": "../../evil"}]},
        {"components": [{"kind": "tool", "name": "a/b"}]},
        {"components": [{"kind": "tool", "name": "__init__"}]},
        {"components": [{"kind": "tool", "name": "a", "options": {"sync": "{{ x }}"}}]},
        {"components": [{"kind": "tool", "name": "a", "path": "/etc/passwd"}]},
        {"components": [{"kind": "hook", "name": "a"}]},
        {"components": [{"kind": "resource", "name": "a", "options": {"uri": "a\nb://x"}}]},
    ]
    for answers in refused:
        told = await agent.refused("plan_new", path="hostile", **answers)
        assert told["code"] != "stale", answers


def test_no_path_leads_out(world: World) -> None:
    play(world, lambda agent: try_paths(agent, world))


def test_no_resource_leads_out(world: World) -> None:
    async def act(agent: Agent) -> None:
        for path in OUT:
            uri = f"mcpforge://projects/{quote(path, safe='', errors='surrogatepass')}"
            with pytest.raises(McpError) as caught:
                await agent.client.read_resource(uri)
            agent.heard.append(str(caught.value))
        (found,) = await agent.client.read_resource("mcpforge://projects/weather")
        agent.heard.append(found.text)

    play(world, act)


def test_no_argument_changes_the_terms(world: World) -> None:
    play(world, try_arguments)


def test_huge_arguments_are_refused(world: World) -> None:
    play(world, try_huge)


def test_hostile_answers_are_refused(world: World) -> None:
    play(world, try_answers)


def test_no_arguments_make_a_tool_crash(world: World) -> None:
    junk: list[Any] = [
        *(None, True, 0, -1, 10**30, 1.5, float(10**300), "", ".", "weather", "x" * 300, "\u202e"),
        *([], ["weather"], [None], [[]], {}, {"caching": {"ttl": "x"}}, {"": {"": ""}}),
        *([{"kind": "tool", "name": "a"}], [{"name": "demo"}], [{"kind": "tool"}], "MIT", "3.11"),
    ]
    random = Random(7)

    async def act(agent: Agent) -> None:
        tools = await agent.client.list_tools()
        for number in range(400):
            tool = tools[number % len(tools)]
            keys = [key for key in tool.input_schema["properties"] if random.random() < 0.5]
            arguments = {key: random.choice(junk) for key in keys}
            result = await agent.client.call_tool(tool.name, arguments, raise_on_error=False)
            told = result.structured_content
            assert not result.is_error or told["code"] != "bug", (tool.name, arguments)
            agent.heard.append(json.dumps(told))

    play(world, act)


def test_texts_that_look_like_templates_are_texts(world: World) -> None:
    hostile = "{{ 7*191 }} {% include '/etc/passwd' %} ''' \"\"\" \\ ${HOME} `id` <script>"

    async def act(agent: Agent) -> None:
        await agent.apply(
            "plan_new", path="texts", title=hostile, description=hostile, author="A <a@b.c>"
        )
        for path, content in tree_of(world.root / "texts").items():
            assert b"1337" not in content or b"191" in content, path
            assert b"root:x:" not in content
        assert "{{ 7*191 }}" in (world.root / "texts" / locks.PATH).read_text()

    play(world, act)


def test_stale_plans_are_refused(world: World) -> None:
    async def act(agent: Agent) -> None:
        plan = await agent("plan_remove", project="weather", features=["caching"])
        server = world.weather / "src/weather/server.py"
        kept = server.read_text()
        server.write_text(kept + "\nx = 1\n")
        for tool in ("apply", "show_diff"):
            assert (await agent.refused(tool, plan_id=plan["plan_id"]))["code"] == "stale"
        server.write_text(kept)
        mine = world.weather / "src/weather/mine.py"
        mine.write_text("from weather.middleware.caching import build_cache\n")
        told = await agent.refused("apply", plan_id=plan["plan_id"])
        assert told["code"] in ("stale", "conflict", "used", "in_use"), told
        mine.unlink()
        assert (await agent("apply", plan_id=plan["plan_id"]))["deleted"]
        told = await agent.refused("apply", plan_id=plan["plan_id"])
        assert told["code"] == "plan_applied"

    play(world, act)


def test_one_plan_makes_another_stale(world: World) -> None:
    async def act(agent: Agent) -> None:
        one = await agent("plan_set", project="weather", title="One")
        two = await agent("plan_set", project="weather", title="Two")
        await agent("apply", plan_id=two["plan_id"])
        assert (await agent.refused("apply", plan_id=one["plan_id"]))["code"] == "stale"
        assert 'title = "Two"' in (world.weather / locks.PATH).read_text()

    play(world, act)


def test_plans_expire(world: World) -> None:
    async def act(agent: Agent) -> None:
        plan = await agent("plan_set", project="weather", title="Late")
        assert plan["expires_in"] == 0
        await asyncio.sleep(0.5)
        for tool in ("apply", "show_diff"):
            told = await agent.refused(tool, plan_id=plan["plan_id"])
            assert told["code"] == "plan_expired"

    play(world, act, plan_seconds=0.4)


def test_ids_of_others_and_old_ones_are_unknown(world: World) -> None:
    async def act(agent: Agent) -> None:
        first = await agent("plan_set", project="weather", title="0")
        for number in range(1, 6):
            await agent("plan_set", project="weather", title=str(number))
        async with in_memory(world.root) as other:
            foreign = await other("plan_set", project="weather", title="Other")
        for identifier in (first["plan_id"], foreign["plan_id"], "", "x", "../..", "0"):
            told = await agent.refused("apply", plan_id=identifier)
            assert told["code"] == "unknown_plan"
        assert foreign["plan_id"] != first["plan_id"]
        assert len(first["plan_id"]) >= 22

    play(world, act, most_plans=3)


def test_a_root_that_is_swapped_for_a_link_is_refused(world: World) -> None:
    async def act(agent: Agent) -> None:
        plan = await agent("plan_set", project="weather", title="Swapped")
        moved = world.root.with_name("moved")
        world.root.rename(moved)
        world.root.symlink_to(world.outside)
        for tool, arguments in (
            ("apply", {"plan_id": plan["plan_id"]}),
            ("show_diff", {"plan_id": plan["plan_id"]}),
            ("plan_new", {"path": "fresh"}),
            ("describe_project", {"project": "project"}),
            ("doctor", {"path": "."}),
            ("write_secrets", {"project": "project"}),
            ("list_projects", {}),
        ):
            assert (await agent.refused(tool, **arguments))["code"] == "root_replaced"
        world.root.unlink()
        world.root.mkdir()
        assert (await agent.refused("list_projects"))["code"] == "root_replaced"
        world.root.rmdir()
        moved.rename(world.root)

    play(world, act)


def test_a_project_that_is_swapped_for_a_link_is_refused(world: World) -> None:
    async def act(agent: Agent) -> None:
        plan = await agent("plan_set", project="weather", title="Swapped")
        moved = world.root / "moved"
        world.weather.rename(moved)
        world.weather.symlink_to(world.outside / "project")
        assert (await agent.refused("apply", plan_id=plan["plan_id"]))["code"] == "outside"
        assert (await agent.refused("show_diff", plan_id=plan["plan_id"]))["code"] == "outside"
        world.weather.unlink()
        # Another project with the same answers in its place is not the one that was planned.
        subprocess.run(["cp", "-a", moved, world.weather], check=True)
        assert (await agent.refused("apply", plan_id=plan["plan_id"]))["code"] == "stale"

    play(world, act)


@pytest.mark.parametrize(
    "entry",
    [
        '"../../outside/secret.py" = { ownership = "managed", id = "ID" }',
        '"/etc/passwd" = { ownership = "managed", id = "ID" }',
        '".git/hooks/pre-commit" = { ownership = "managed", id = "ID" }',
        '".env" = { ownership = "managed", id = "ID" }',
        '"src/.ENV" = { ownership = "seed", id = "ID" }',
        '".mcpforge/local/x" = { ownership = "managed", id = "ID" }',
        '"link/README.md" = { ownership = "managed", id = "ID" }',
        '"x.py" = { ownership = "managed", id = "ID", at = "../../outside/secret.py" }',
        '"y.py" = { ownership = "managed", id = "ID", at = ".git/config" }',
        '"z.py" = { ownership = "managed", id = "ID", at = ".env" }',
    ],
)
def test_a_lock_that_names_other_files_is_refused(world: World, entry: str) -> None:
    named = entry.partition("at = ")[2].strip(' "}') or entry.partition('"')[2].partition('"')[0]
    target = world.weather / named
    identifier = blob_id(target.read_bytes()) if target.is_file() else "0" * 40
    lock = world.weather / locks.PATH
    lock.write_text(lock.read_text() + entry.replace("ID", identifier) + "\n")
    env = (world.weather / ".env").read_bytes()

    async def act(agent: Agent) -> None:
        for tool in ("plan_update", "plan_set", "describe_project", "write_secrets"):
            told = await agent.refused(tool, project="weather", **ASKED.get(tool, {}))
            assert told["code"] in ("outside", "protected")
        told = await agent.refused("doctor", path="weather")
        assert told["code"] in ("outside", "protected")
        assert (world.weather / ".env").read_bytes() == env

    play(world, act)


def test_links_in_the_state_of_a_project_are_refused(world: World) -> None:
    async def act(agent: Agent) -> None:
        state = world.weather / ".mcpforge"
        stored = next((state / "base").iterdir())
        for path in (stored, state / "base", state / "local", state / "lock.toml", state):
            kept = path.with_name(f"{path.name}.kept")
            path.rename(kept)
            path.symlink_to(kept if path.name == "lock.toml" else world.outside / "project")
            told = await agent.refused("plan_update", project="weather")
            assert told["code"] in ("outside", "no_project"), path
            path.unlink()
            kept.rename(path)

    play(world, act)


def test_an_env_that_is_a_link_is_refused(world: World) -> None:
    async def act(agent: Agent) -> None:
        (world.weather / ".env").unlink()
        (world.weather / ".env").symlink_to(world.outside / "secret.py")
        for tool in ("write_secrets", "describe_project", "plan_update"):
            assert (await agent.refused(tool, project="weather"))["code"] == "outside"

    play(world, act)


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "README.md", "saved": "../../../../../outside/secret.py"},
        {"path": "README.md", "saved": "/etc/passwd"},
        {"path": "../../outside/new.py", "saved": "0"},
        {"path": ".git/hooks/pre-commit", "saved": "0"},
        {"path": "link/new.py", "saved": "0"},
    ],
)
@pytest.mark.parametrize("name", ["undo.json", "journal.json"])
def test_a_journal_that_names_other_files_is_refused(
    world: World, entry: dict[str, str], name: str
) -> None:
    local = world.weather / ".mcpforge/local"
    (local / "undo").mkdir(exist_ok=True)
    (local / "undo/0").write_text("evil")
    path = world.weather / entry["path"]
    after = blob_id(path.read_bytes()) if path.is_file() else ""
    data = {"entries": [{**entry, "after": after}], "made": ["../../outside/project"]}
    (local / name).write_text(json.dumps(data))

    async def act(agent: Agent) -> None:
        if name == "undo.json":
            told = await agent.refused("plan_undo", project="weather")
            assert told["code"] in ("outside", "protected", "nothing_to_undo")
            return
        plan = await agent("plan_set", project="weather", title="x")
        told = await agent.refused("apply", plan_id=plan["plan_id"])
        assert told["code"] == "outside"
        assert 'title = "x"' not in (world.weather / locks.PATH).read_text()

    play(world, act)


def test_files_that_block_do_not(world: World) -> None:
    async def act(agent: Agent) -> None:
        os.mkfifo(world.weather / "pipe.py")
        (world.weather / "README.md").unlink()
        os.mkfifo(world.weather / "README.md")
        await asyncio.wait_for(agent("doctor", path="weather"), 30)
        await asyncio.wait_for(agent("plan_add", project="weather", features=["health"]), 30)
        (world.weather / ".env").unlink()
        os.mkfifo(world.weather / ".env")
        for tool in ("write_secrets", "describe_project"):
            told = await asyncio.wait_for(agent.refused(tool, project="weather"), 30)
            assert told["code"] == "no_file"

    play(world, act)


def test_over_stdio_too(world: World) -> None:
    before = everything(world.outside)

    async def main() -> None:
        async with over_stdio(world.weather.parent, "--expire", "0.2") as agent:
            await try_paths(agent, world, 9)
            await try_arguments(agent, 9)
            await try_answers(agent)
            await try_huge(agent)
            plan = await agent("plan_set", project="weather", title="Late")
            await asyncio.sleep(0.3)
            told = await agent.refused("apply", plan_id=plan["plan_id"])
            assert told["code"] == "plan_expired"
            assert not any(SECRET in text for text in agent.heard)

    asyncio.run(main())
    assert everything(world.outside) == before


def test_over_http_too(world: World) -> None:
    before = everything(world.outside)

    async def main() -> None:
        with over_http(world.root) as serving:
            async with serving.agent() as agent:
                await try_paths(agent, world, 9)
                await try_arguments(agent, 9)
                await try_answers(agent)
                assert not any(SECRET in text for text in agent.heard)
                assert not any(serving.token in text for text in agent.heard)

    asyncio.run(main())
    assert everything(world.outside) == before

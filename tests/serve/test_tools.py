"""The tools as agents see them: schemas, annotations, plans that hold once and for a while."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, get_args

import jsonschema
import pytest
from fastmcp import Client

from mcpforge import answers as rules
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.serve.planning import License, Python
from mcpforge.serve.server import create_server
from mcpforge.serve.terms import Terms
from operations.projects import answers_of, make, tree_of
from processes import files
from serve.agents import in_memory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from serve.agents import Agent

WRITING = {"apply", "write_secrets"}
NETWORK = {"plan_register", "plan_unregister", "plan_compose", "doctor", "apply"}


def play(root: Path, act: Callable[[Agent], Awaitable[None]], **terms: Any) -> None:
    """Let an agent act on a server in memory."""

    async def main() -> None:
        async with in_memory(root, **terms) as agent:
            await act(agent)

    asyncio.run(main())


@pytest.fixture
def weather(tmp_path: Path) -> Path:
    """Return a folder with one project, `weather`."""
    make(tmp_path / "weather", Answers(name="weather", features=("caching",), year=2026))
    return tmp_path


def test_every_tool_says_what_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with Client(create_server(Terms(tmp_path))) as client:
            tools = await client.list_tools()
            for tool in tools:
                told = tool.annotations
                assert told
                assert told.title
                assert told.read_only_hint is (tool.name not in WRITING), tool.name
                assert told.destructive_hint is (tool.name == "apply")
                assert told.open_world_hint is (tool.name in NETWORK)
                assert told.idempotent_hint is not None
                assert tool.description
                assert 20 < len(tool.description) < 300
                assert tool.input_schema["additionalProperties"] is False
                assert tool.output_schema
                jsonschema.Draft202012Validator.check_schema(tool.input_schema)
                jsonschema.Draft202012Validator.check_schema(tool.output_schema)
            size = sum(len(json.dumps(tool.model_dump(mode="json"))) for tool in tools)
            assert size < 50_000, "an agent reads all of it before it begins"

    asyncio.run(main())


def test_no_tool_has_an_argument_for_what_is_settled_at_the_start(tmp_path: Path) -> None:
    settled = {"trust", "install", "verify", "start", "url", "gateway", "template", "token"}

    async def main() -> None:
        async with Client(create_server(Terms(tmp_path))) as client:
            for tool in await client.list_tools():
                text = json.dumps(tool.input_schema["properties"])
                assert not settled & set(tool.input_schema["properties"]), tool.name
                assert "features_path" not in text

    asyncio.run(main())


def test_results_fit_their_schemas(weather: Path) -> None:
    async def main() -> None:
        async with in_memory(weather) as agent:
            tools = {tool.name: tool for tool in await agent.client.list_tools()}
            plan = await agent("plan_add", project="weather", features=["health"])
            for name, arguments in {
                "list_features": {},
                "describe_feature": {"feature": "caching"},
                "get_answers_schema": {},
                "list_projects": {},
                "describe_project": {"project": "weather"},
                "doctor": {"path": "weather"},
                "plan_set": {"project": "weather", "title": "Other"},
                "plan_update": {"project": "weather"},
                "show_diff": {"plan_id": plan["plan_id"]},
                "write_secrets": {"project": "weather"},
                "apply": {"plan_id": plan["plan_id"]},
                "plan_undo": {"project": "weather"},
            }.items():
                found = await agent(name, **arguments)
                jsonschema.validate(found, tools[name].output_schema or {})

    asyncio.run(main())


def test_choices_are_those_of_the_rules() -> None:
    assert set(get_args(License)) == set(rules.LICENSES)
    assert set(get_args(Python)) == set(rules.PYTHONS)


def test_agents_see_the_whole_catalogue(tmp_path: Path) -> None:
    async def act(agent: Agent) -> None:
        found = await agent("list_features")
        told = {feature["id"] for group in found["groups"] for feature in group["features"]}
        assert told == {feature.id for feature in load().offered}
        one = await agent("list_features", group="middleware")
        assert [group["id"] for group in one["groups"]] == ["middleware"]
        caching = await agent("describe_feature", feature="caching")
        assert caching["options"]["ttl"]["type"] == "integer"
        near = await agent.refused("describe_feature", feature="chaching")
        assert "`caching`" in near["hint"]

    play(tmp_path, act)


def test_a_plan_writes_nothing_and_tells_what_apply_does(weather: Path) -> None:
    async def act(agent: Agent) -> None:
        before = files(weather)
        plan = await agent("plan_add", project="weather", features=["health"])
        diff = await agent("show_diff", plan_id=plan["plan_id"])
        assert files(weather) == before
        done = await agent("apply", plan_id=plan["plan_id"])
        planned = {item["path"] for item in plan["files"]}
        assert planned == {*done["written"], *done["deleted"]}
        changed = {path for path, text in files(weather).items() if before.get(path) != text}
        shown = {path.removeprefix("weather/") for path in changed if ".mcpforge/" not in path}
        assert shown == planned
        assert all(f"b/{path}" in diff["text"] for path in planned)
        assert answers_of(weather / "weather").features == ("caching", "health")

    play(weather, act)


def test_verbs_and_undo_lead_back(weather: Path) -> None:
    async def act(agent: Agent) -> None:
        root = weather / "weather"
        start = tree_of(root)
        await agent.apply(
            "plan_add",
            project="weather",
            features=["rate-limit"],
            options={"rate-limit": {"limit": "5/minute"}},
            components=[{"kind": "tool", "name": "forecast"}],
        )
        assert answers_of(root).options["rate-limit"]["limit"] == "5/minute"
        assert (root / "src/weather/tools/forecast.py").is_file()
        await agent.apply("plan_set", project="weather", options={"caching": {"ttl": 7}})
        await agent.apply("plan_undo", project="weather")
        assert "caching" not in answers_of(root).options
        again = await agent.apply(
            "plan_remove",
            project="weather",
            features=["rate-limit"],
            components=[{"kind": "tool", "name": "forecast"}],
        )
        assert again["deleted"]
        assert tree_of(root) == start

    play(weather, act)


def test_where_nothing_is_to_do_there_is_no_plan(weather: Path) -> None:
    async def act(agent: Agent) -> None:
        for tool, arguments in (
            ("plan_add", {"features": ["caching"]}),
            ("plan_remove", {"features": ["health"]}),
            ("plan_set", {"options": {"caching": {"ttl": 3600}}}),
            ("plan_update", {}),
        ):
            plan = await agent(tool, project="weather", **arguments)
            if tool == "plan_set" and plan["plan_id"]:
                continue  # another default than this test thinks
            assert (plan["plan_id"], plan["files"]) == (None, [])
            assert plan["summary"].startswith("Nothing to do")

    play(weather, act)


def test_a_new_project_is_whole(tmp_path: Path) -> None:
    async def act(agent: Agent) -> None:
        plan = await agent(
            "plan_new",
            path="servers/weather",
            preset="production",
            without=["timing"],
            options={"caching": {"ttl": 9}},
            description="Tells the weather.",
            components=[{"kind": "resource", "name": "city", "options": {"uri": "city://{name}"}}],
        )
        flagged = {item["path"]: item["attention"] for item in plan["files"] if item["attention"]}
        assert flagged[".github/workflows/ci.yml"].startswith("runs in CI")
        assert list(flagged) == [item["path"] for item in plan["files"]][: len(flagged)]
        assert list(tmp_path.iterdir()) == []
        done = await agent("apply", plan_id=plan["plan_id"])
        root = tmp_path / "servers/weather"
        assert done["git"] == "committed"
        assert done["secrets_written"]
        assert (root / ".git").is_dir()
        env = (root / ".env").read_text()
        values = [line.partition("=")[2] for line in env.splitlines()]
        assert len(values) == len(done["secrets_written"])
        assert not any(value in text for value in values for text in agent.heard)
        assert (await agent("list_projects"))["projects"] == ["servers/weather"]
        taken = await agent.refused("plan_new", path="servers/weather")
        assert taken["code"] == "not_empty"
        assert str(tmp_path) not in json.dumps(agent.heard)

    play(tmp_path, act)


def test_what_is_settled_at_the_start_holds(tmp_path: Path) -> None:
    async def act(agent: Agent) -> None:
        done = await agent.apply("plan_new", path="demo", preset="production")
        assert (done["git"], done["secrets_written"]) == ("off", [])
        assert not (tmp_path / "demo/.env").exists()
        written = await agent("write_secrets", project="demo")
        assert written["written"]
        assert (await agent("write_secrets", project="demo"))["written"] == []

    play(tmp_path, act, git=False, env=False)


def test_conflicts_are_shown_and_can_not_be_applied(weather: Path) -> None:
    async def act(agent: Agent) -> None:
        (weather / "weather/src/weather/routes").mkdir()
        (weather / "weather/src/weather/routes/health.py").write_text("mine = 1\n")
        plan = await agent("plan_add", project="weather", features=["health"])
        assert plan["plan_id"] is None
        assert [one["path"] for one in plan["conflicts"]] == ["src/weather/routes/health.py"]
        assert "1 conflicts" in plan["summary"]

    play(weather, act)


def test_edits_are_kept(weather: Path) -> None:
    async def act(agent: Agent) -> None:
        server = weather / "weather/src/weather/server.py"
        server.write_text(server.read_text() + "\n# mine\n")
        plan = await agent("plan_add", project="weather", features=["health"])
        merged = {item["path"]: item["merged"] for item in plan["files"]}
        assert merged["src/weather/server.py"] == "lines"
        await agent("apply", plan_id=plan["plan_id"])
        assert server.read_text().endswith("\n# mine\n")
        told = await agent("describe_project", project="weather")
        assert told["edited"] == ["src/weather/server.py"]

    play(weather, act)


def test_doctor_reads_any_code(tmp_path: Path) -> None:
    old = "from fastmcp import FastMCP\nmcp = FastMCP('x', host='0.0.0.0')\n"
    (tmp_path / "old.py").write_text(old)

    async def act(agent: Agent) -> None:
        for path in (".", "old.py"):
            found = await agent("doctor", path=path)
            assert found["project"] is None
            assert found["errors"] >= 1
            assert found["findings"][0]["path"] == "old.py"
            assert found["findings"][0]["fix"]

    play(tmp_path, act)


def test_a_long_diff_comes_in_parts(tmp_path: Path) -> None:
    async def act(agent: Agent) -> None:
        plan = await agent("plan_new", path="demo", preset="production")
        text, offset = "", 0
        while offset is not None:
            part = await agent("show_diff", plan_id=plan["plan_id"], offset=offset)
            text += part["text"]
            offset = part["next_offset"]
        assert len(agent.calls) > 2
        await agent("apply", plan_id=plan["plan_id"])
        paths = [item["path"] for item in plan["files"]]
        filled = [path for path in paths if (tmp_path / "demo" / path).stat().st_size]
        assert text.count("+++ b/") == len(filled)

    play(tmp_path, act)


def test_resources_and_the_prompt(weather: Path) -> None:
    async def act(agent: Agent) -> None:
        client = agent.client
        (schema,) = await client.read_resource("mcpforge://answers-schema")
        jsonschema.Draft202012Validator.check_schema(json.loads(schema.text))
        (catalogue,) = await client.read_resource("mcpforge://catalogue")
        assert json.loads(catalogue.text) == await agent("list_features")
        (project,) = await client.read_resource("mcpforge://projects/weather")
        assert json.loads(project.text)["answers"]["name"] == "weather"
        got = await client.get_prompt("build_server", {"wish": "{path} of the sun", "path": "sun"})
        text = got.messages[0].content.text
        assert "{path} of the sun" in text
        named = {word.strip("`") for word in text.split() if word.startswith("`plan_")}
        tools = {tool.name for tool in await client.list_tools()}
        assert {name.partition("`")[0] for name in named} <= {*tools, "plan_expired"}

    play(weather, act)


def test_an_interrupted_write_is_settled_by_apply(weather: Path) -> None:
    async def act(agent: Agent) -> None:
        root = weather / "weather"
        before = tree_of(root)
        plan = await agent("plan_add", project="weather", features=["health"])
        _cut_short(root)
        told = await agent("describe_project", project="weather")
        assert told["interrupted"]
        assert (await agent.refused("apply", plan_id=plan["plan_id"]))["code"] == "stale"
        assert tree_of(root) == before
        done = await agent.apply("plan_add", project="weather", features=["health"])
        assert done["written"]

    play(weather, act)


def _cut_short(root: Path) -> None:
    """Leave what an apply leaves that is killed after its first file."""
    from mcpforge.project import journal
    from mcpforge.tree import blob_id

    with journal.writer(root):
        undo = root / journal.LOCAL / "undo"
        undo.mkdir(exist_ok=True)
        target = root / "README.md"
        (undo / "0").write_bytes(target.read_bytes())
        entries = [
            journal.Entry("README.md", "0", blob_id(b"new")),
            journal.Entry("other.md", "", blob_id(b"other")),
        ]
        journal.write(root, entries, [])
        target.write_bytes(b"new")

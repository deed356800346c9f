"""Every command speaks one JSON: each envelope fits the schema that mcpforge ships."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import mcpforge
from gateway.broken import Answer, broken, registered, tool
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load as load_catalog
from mcpforge.cli.lazy import COMMANDS, load
from mcpforge.gateway import upstream
from mcpforge.gateway.upstream import Upstream, UpstreamTool
from mcpforge.project import git
from mcpforge.project.lock import answers_data
from processes import CommandLine, Outcome, everything
from serve.agents import over_http
from strategies import answers

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = json.loads((Path(mcpforge.__file__).parent / "cli/envelope.schema.json").read_text())
NEW = ("new", "demo", "--no-git", "--no-env", "--author", "Ada")
SECRET = "s3cr3t-of-a-gateway-that-nobody-sees"
COMPOSITION = {"name": "pipeline", "servers": [{"name": "demo", "tools": ["echo"]}]}


def calls() -> list[str]:
    """Return every command that can be called, those of groups by both words."""
    found = []
    for name in COMMANDS:
        below = getattr(load(name), "commands", None)
        found += [f"{name} {sub}" for sub in below] if below else [name]
    return found


@pytest.fixture
def place(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandLine]:
    """Stand in a project, with a gateway that has its server, and secrets in the environment."""
    assert cli(*NEW, "--with", "caching", "--with", "bearer").code == 0
    monkeypatch.chdir(tmp_path / "demo")
    Path("compose.json").write_text(json.dumps(COMPOSITION))
    looks = Upstream((UpstreamTool("echo", "Says it again", {"type": "object"}),), {})
    monkeypatch.setattr(upstream, "look", lambda targets: [looks for _ in targets])
    there = registered("demo", "http://127.0.0.1:8000/mcp")
    answers = {
        "GET /v1/gateways": Answer(200, [there]),
        "GET /v1/tools": Answer(200, {"tools": [tool("echo")]}),
        "GET /v1/servers": Answer(200, {"servers": []}),
    }
    with broken(answers) as found:
        monkeypatch.setenv("MCPFORGE_GATEWAY_URL", found.url)
        monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", SECRET)
        monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", SECRET)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        yield cli


def check(found: Outcome, command: str) -> dict[str, Any]:
    """Check what a command left behind, and return the envelope."""
    envelope = found.json
    jsonschema.validate(envelope, SCHEMA)
    assert envelope["command"] == command
    assert envelope["exit_code"] == found.code
    assert found.err == ""
    assert SECRET not in found.out
    return envelope


# What succeeds in the project of `place`; a word for each way of a command.
FINE: dict[str, list[tuple[str, ...]]] = {
    "new": [("../other", "--no-git"), ("../third", "--dry-run"), ("../third", "--diff")],
    "add": [
        ("health",),
        ("health", "--dry-run"),
        ("timing", "--diff"),
        ("caching",),
        ("tool", "t"),
    ],
    "remove": [("caching", "--dry-run"), ("caching", "--diff"), ("timing",), ("bearer",)],
    "set": [("caching.ttl=9",), ("title=New", "--dry-run"), ("title=New", "--diff")],
    "update": [(), ("--dry-run",), ("--diff",)],
    "undo": [("--dry-run",), ("--diff",)],
    "doctor": [(), ("src",), ("--fix",)],
    "env": [("--dry-run",), ("--diff",), (), ()],
    "features": [(), ("caching",), ("--schema",)],
    "info": [()],
    "register": [("--dry-run",), ("--stop", "--dry-run")],
    "unregister": [("--dry-run",), ("nobody",)],
    "compose": [("compose.json", "--dry-run")],
    "gateway start": [("--dry-run", "--port", "45871")],
    "gateway stop": [(), ("--dry-run",)],
    "gateway status": [()],
    "gateway token": [],  # only where a gateway was started; see tests/gateway/test_local_real.py
    "mcp": [],  # it serves until it is ended; see below
}
# What fails anywhere: arguments, exit code.
WRONG: dict[str, tuple[tuple[str, ...], int]] = {
    "new": (("1 bad",), 2),
    "add": (("chaching",), 2),
    "remove": (("chaching",), 2),
    "set": (("caching.tll=1",), 2),
    "update": (("--conflicts", "maybe"), 2),
    "undo": (("-C", ".."), 1),
    "doctor": (("nowhere",), 2),
    "env": (("-C", ".."), 1),
    "features": (("chaching",), 2),
    "info": (("-C", ".."), 1),
    "register": (("..",), 1),
    "unregister": (("--gateway", "ftp://x"), 2),
    "compose": (("missing.json",), 2),
    "gateway start": (("--port", "0"), 2),
    "gateway stop": (("--what",), 2),
    "gateway status": (("more",), 2),
    "gateway token": ((), 4),
    "mcp": (("nowhere",), 2),
}


def test_the_schema_is_one_and_knows_every_command() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(FINE) == set(WRONG) == set(calls())
    known = json.dumps(SCHEMA["allOf"][2])
    assert [name for name in calls() if f'"{name}"' not in known] == []


@pytest.mark.parametrize("command", sorted(FINE))
def test_success(place: CommandLine, command: str) -> None:
    for arguments in FINE[command]:
        before = everything(Path().absolute().parent)
        found = place(*command.split(), *arguments, "--json")
        envelope = check(found, command)
        assert envelope["status"] in ("success", "partial")
        if command not in ("gateway status", "doctor"):
            assert found.code == 0
        if {"--dry-run", "--diff"} & set(arguments):
            assert everything(Path().absolute().parent) == before
            assert not envelope["data"].get("written") or command == "env"


@pytest.mark.parametrize("command", sorted(WRONG))
def test_error(place: CommandLine, command: str) -> None:
    arguments, code = WRONG[command]
    folder = Path().absolute().parent
    before = everything(folder)
    found = place(*command.split(), *arguments, "--json")
    envelope = check(found, command)
    assert (envelope["status"], found.code) == ("error", code), envelope
    assert everything(folder) == before


def test_what_writes_has_a_dry_run_and_a_diff() -> None:
    for command in ("new", "add", "remove", "set", "update", "undo", "env"):
        names = {name for parameter in load(command).params for name in parameter.opts}
        assert {"--dry-run", "--diff"} <= names, command
    for command in ("register", "unregister", "compose"):
        assert "--dry-run" in {name for item in load(command).params for name in item.opts}


def test_undo_and_its_redo(place: CommandLine) -> None:
    assert place("set", "title=Other", "--json").code == 0
    for _ in range(2):
        assert check(place("undo", "--json"), "undo")["data"]["written"]


def test_conflicts_are_an_error_with_its_own_code(place: CommandLine) -> None:
    Path("src/demo/routes").mkdir()
    Path("src/demo/routes/health.py").write_text("mine = 1\n")
    for arguments in ((), ("--dry-run",), ("--conflicts", "markers")):
        envelope = check(place("add", "health", *arguments, "--json"), "add")
        assert (envelope["exit_code"], envelope["errors"][0]["code"]) == (3, "conflict")


def test_the_gateway_is_away(place: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCPFORGE_GATEWAY_URL", "http://127.0.0.1:9")
    for arguments in (("register",), ("unregister",), ("compose", "compose.json")):
        assert check(place(*arguments, "--json"), arguments[0])["exit_code"] == 4


def test_the_secrets_of_env_are_not_shown(place: CommandLine) -> None:
    Path(".env").write_text(f"DEMO_OTHER={SECRET}\n")
    for arguments in (("--dry-run",), ("--diff",), ()):
        plain = place("env", *arguments)
        assert plain.code == 0
        made = place("env", *arguments, "--json")
        check(made, "env")
        values = [line.partition("=")[2] for line in Path(".env").read_text().splitlines()]
        for value in [SECRET, *values]:
            assert value not in plain.out + plain.err + made.out + made.err


def test_an_interrupt_is_one_too(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_folder: Path) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(git, "identity", interrupt)
    envelope = check(cli("new", "demo", "--json"), "new")
    assert (envelope["exit_code"], envelope["errors"][0]["code"]) == (130, "interrupted")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_mcp_over_http_is_one_too(tmp_path: Path) -> None:
    with over_http(tmp_path) as serving:
        data = {"url": serving.url, "root": str(tmp_path), "token_file": None}
    envelope = {
        "schema": 1,
        "command": "mcp",
        "status": "success",
        "exit_code": 0,
        "data": data,
        "errors": [],
    }
    jsonschema.validate(envelope, SCHEMA)


@pytest.mark.slow
def test_mcp_over_stdio_ends_with_its_client(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mcpforge", "mcp", str(tmp_path), "--json"],
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _piped(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()))


def _mutated(data: dict[str, Any], random: Random) -> dict[str, Any]:
    """Return answers with one thing that is wrong in its place, or too many."""
    changed = json.loads(json.dumps(data))
    key = random.choice([*changed, "more", "options.", "features.", "components."])
    junk: list[Any] = [None, 7, -1, "", "x\x00", "../x", [], ["x"], {"x": 1}, 1.5, "x" * 3_000]
    if key == "options.":
        changed["options"] = {random.choice(["caching", "x"]): {"ttl": random.choice(junk)}}
    elif key == "features.":
        changed["features"] = [*changed.get("features", []), random.choice([7, "x", "Caching"])]
    elif key == "components.":
        name = random.choice(["a b", "", "x" * 31, "ok"])
        changed["components"] = [{"kind": random.choice(["tool", "hook"]), "name": name}]
    else:
        changed[key] = random.choice(junk)
    return changed  # type: ignore[no-any-return]


def test_what_the_schema_of_answers_refuses_new_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = load_catalog()
    monkeypatch.chdir(tmp_path)
    line = CommandLine(capsys)
    schema = line("features", "--schema", "--json").json["data"]["schema"]
    validator = jsonschema.Draft202012Validator(schema)
    refused = 0

    @given(answers(catalog, plain=True), st.randoms(use_true_random=False))
    @settings(max_examples=25, phases=[Phase.generate])
    def agree(found: Answers, random: Random) -> None:
        nonlocal refused
        data = _mutated(answers_data(found), random)
        if validator.is_valid(data):
            return
        refused += 1
        monkeypatch.setattr(sys, "stdin", _piped(json.dumps(data)))
        told = line("new", "--answers", "-", "--dry-run", "--json")
        assert told.code == 2, data
        assert check(told, "new")["errors"][0]["code"] != "bug"

    agree()
    assert refused > 5


def test_answers_from_standard_input(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ('{"name": "piped", "features": ["health"]}', 'name = "piped"\nfeatures = []\n'):
        monkeypatch.setattr(sys, "stdin", _piped(text))
        data = check(cli("new", "--answers", "-", "--dry-run", "--json"), "new")["data"]
        assert data["answers"]["name"] == "piped"

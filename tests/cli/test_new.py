"""`mcpforge new`: what is shown is what is written, from flags and from answers."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpforge.catalog.catalog import Catalog, load
from mcpforge.catalog.resolve import resolve
from mcpforge.cli.app import run
from mcpforge.operations.schema import answers_schema
from mcpforge.project.lock import answers_data
from processes import CommandLine, everything, files, mcpforge
from strategies import HOSTILE, answers

PLAIN = ("--no-git", "--no-env", "--author", "Ada <ada@example.org>")


@pytest.mark.parametrize("flag", ["--dry-run", "--diff"])
def test_a_plan_writes_nothing_and_is_what_is_written(
    cli: CommandLine, tmp_path: Path, flag: str
) -> None:
    planned = cli("new", "demo", "--preset", "standard", *PLAIN, flag, "--json")
    assert list(tmp_path.iterdir()) == []
    assert planned.json["data"]["written"] is False
    cli("new", "demo", "--preset", "standard", *PLAIN)
    written = {path for path in files(tmp_path / "demo") if not path.startswith(".mcpforge")}
    assert {change["path"] for change in planned.json["data"]["changes"]} == written


def test_a_diff_is_a_patch_that_makes_the_project(cli: CommandLine, tmp_path: Path) -> None:
    shown = cli("new", "demo", *PLAIN, "--diff")
    (tmp_path / "patched").mkdir()
    (tmp_path / "change.patch").write_text(shown.out, encoding="utf-8")
    subprocess.run(
        ["git", "apply", "../change.patch"],
        cwd=tmp_path / "patched",
        check=True,
        capture_output=True,
    )
    cli("new", "demo", *PLAIN)
    made = files(tmp_path / "demo")
    visible = {
        path: data for path, data in made.items() if not path.startswith(".mcpforge") and data
    }
    assert files(tmp_path / "patched") == visible


@pytest.mark.parametrize(
    "arguments",
    [
        ("--preset", "production", "--without", "caching", "--title", HOSTILE[0]),
        ("--with", "rate-limit", "--set", "rate-limit.fail_open=false", "--license", "none"),
        ("--preset", "minimal", "--python", "3.12", "--description", HOSTILE[6]),
        ("--name", "other.name", "--with", "storage"),
    ],
)
def test_the_command_that_is_printed_makes_the_same(
    cli: CommandLine, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    first = cli("new", "demo", *PLAIN, *arguments, "--json")
    assert first.code == 0, first.out
    (tmp_path / "demo").rename(tmp_path / "first")
    words = shlex.split(first.json["data"]["command"])
    assert words[0] == "mcpforge"
    assert cli(*words[1:]).code == 0
    assert files(tmp_path / "demo") == files(tmp_path / "first")


def test_answers_from_toml_json_and_stdin_agree(cli: CommandLine, tmp_path: Path) -> None:
    data = {"title": "T", "preset": "standard", "features": ["caching"], "year": 2020}
    (tmp_path / "a.json").write_text(json.dumps({**data, "options": {"caching": {"ttl": 5}}}))
    toml = 'title = "T"\npreset = "standard"\nfeatures = ["caching"]\nyear = 2020\n'
    (tmp_path / "a.toml").write_text(f"{toml}[options.caching]\nttl = 5\n")
    for name, source in (("one", "a.json"), ("two", "a.toml")):
        found = cli("new", f"{name}/demo", *PLAIN, "--answers", source)
        assert found.code == 0, found.err
    piped = mcpforge(
        *("new", "three/demo", *PLAIN, "--answers", "-"),
        cwd=tmp_path,
        stdin=(tmp_path / "a.toml").read_bytes(),
    )
    assert piped.returncode == 0
    assert files(tmp_path / "one") == files(tmp_path / "two") == files(tmp_path / "three")
    lock = tomllib.loads((tmp_path / "one/demo/.mcpforge/lock.toml").read_text())
    assert lock["answers"]["options"] == {"caching": {"ttl": 5}}


BAD_ANSWERS = [
    '{"titel": "x"}',
    '{"title": 5}',
    '{"year": true}',
    '{"year": 12}',
    '{"features": "caching"}',
    '{"features": [1]}',
    '{"features": ["chaching"]}',
    '{"options": []}',
    '{"options": {"caching": 1}, "features": ["caching"]}',
    '{"options": {"caching": {"ttl": "x"}}, "features": ["caching"]}',
    '{"options": {"caching": {"ttl": -1}}, "features": ["caching"]}',
    '{"options": {"caching": {"tll": 1}}, "features": ["caching"]}',
    '{"license": "GPL"}',
    '{"python": 3.11}',
    '{"preset": "x"}',
    '{"components": [{}]}',
    '{"title": "\\u0000"}',
    '{"title": "\\ud800"}',
    '{"name": "1a"}',
    '{"name": "a/b"}',
    '{"title": "' + "x" * 2001 + '"}',
]
BROKEN_FILES = [
    "[1, 2]",
    "title = ",
    "{",
    "[[[",
    '{"a": ' * 5000,
    "x = 1\x00",
    "title = 2020-01-01",
]


@pytest.mark.parametrize("text", [*BAD_ANSWERS, *BROKEN_FILES])
def test_bad_answers_are_refused(cli: CommandLine, tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text, encoding="utf-8")
    found = cli("new", "--answers", "a", *PLAIN, "--yes", *([] if "name" in text else ["demo"]))
    assert found.code == 2
    assert "bug" not in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_answers_that_are_no_text(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    (tmp_path / "d").mkdir()
    for source in ("a", "d", "nowhere"):
        assert cli("new", "demo", "--answers", source).code == 2
    done = mcpforge("new", "demo", "--answers", "-", cwd=tmp_path, stdin=b"\xff\xfe")
    assert (done.returncode, b"bug" in done.stderr) == (2, False)


@pytest.mark.parametrize("text", BAD_ANSWERS)
def test_the_schema_refuses_what_new_refuses(catalog: Catalog, text: str) -> None:
    assert not is_valid(json.loads(text), catalog)


def test_the_schema_is_one(catalog: Catalog) -> None:
    jsonschema.Draft202012Validator.check_schema(answers_schema(catalog))


def is_valid(data: Any, catalog: Catalog) -> bool:
    return jsonschema.Draft202012Validator(answers_schema(catalog)).is_valid(data)


def test_new_takes_whatever_the_schema_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = load()
    monkeypatch.chdir(tmp_path)

    @given(answers(catalog), st.booleans())
    @settings(max_examples=25)
    def takes(found: Any, partial: bool) -> None:
        data = answers_data(found)
        if partial:
            data = {key: data[key] for key in ("name", "features", "options")}
        assert is_valid(data, catalog)
        Path("a.json").write_text(json.dumps(data), encoding="utf-8")
        assert run(["new", "--answers", "a.json", "--dry-run", "--yes"]) == 0, capsys.readouterr()
        capsys.readouterr()

    takes()


def test_what_is_left_out_may_not_be_needed(cli: CommandLine, catalog: Catalog) -> None:
    refused = 0
    for feature in (item.id for item in catalog.features.values() if not item.internal):
        for needed in resolve(catalog, [feature]).implied_by:
            found = cli("new", "demo", "--with", feature, "--without", needed, *PLAIN)
            assert found.code == 2, feature
            assert f"`{needed}` can't be left out" in found.err
            refused += 1
    assert refused


def test_git_makes_the_first_commit(cli: CommandLine, tmp_path: Path) -> None:
    found = cli("new", "demo", "--preset", "production", "--json")
    assert found.json["data"]["git"] == "committed"
    log = ["git", "log", "--format=%an %s", "--name-only"]
    shown = subprocess.run(log, cwd=tmp_path / "demo", capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("Ada Lovelace Start from mcpforge")
    named = shown.stdout.splitlines()
    assert ".mcpforge/lock.toml" in named
    assert not [
        name
        for name in named
        if name.startswith((".mcpforge/local", ".env")) and name != ".env.example"
    ]
    status = ["git", "status", "--porcelain"]
    clean = subprocess.run(
        status, cwd=tmp_path / "demo", capture_output=True, text=True, check=True
    )
    assert clean.stdout == ""


def test_without_identity_files_are_staged(
    cli: CommandLine, machine: dict[str, str], tmp_path: Path
) -> None:
    Path(machine["HOME"], ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    found = cli("new", "demo")
    assert found.code == 0
    assert "No first commit: " in found.err
    assert '`git commit -m "Start from mcpforge"`' in found.err
    assert (tmp_path / "demo" / ".git").is_dir()


def test_inside_a_repository_there_is_none(cli: CommandLine, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    found = cli("new", "demo", "--json")
    assert found.json["data"]["git"] == "inside"
    assert not (tmp_path / "demo" / ".git").exists()


def test_ctrl_c_while_git_works_says_what_is_there(machine: dict[str, str], tmp_path: Path) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *commit*) : > "{tmp_path}/begun"; exec sleep 30;; esac\n'
        f'exec "{shutil.which("git")}" "$@"\n',
        encoding="utf-8",
    )
    slow.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "mcpforge", "new", "demo"],
        cwd=tmp_path,
        env={**machine, "PATH": f"{slow.parent}:{machine['PATH']}"},
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"nothing was changed" not in told
    assert b"the files of `demo` are written" in told
    assert (tmp_path / "demo" / "src" / "demo" / "server.py").exists()
    assert mcpforge("undo", "-C", "demo", cwd=tmp_path, env=machine).returncode == 0
    assert not (tmp_path / "demo" / "src").exists()


def test_without_git_there_is_a_project(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = cli("new", "demo")
    assert found.code == 0
    assert "git is not installed" in found.err


def test_secrets_are_in_one_place_only(cli: CommandLine, tmp_path: Path) -> None:
    found = cli("new", "demo", "--preset", "production", "--verbose")
    values = [
        line.partition("=")[2]
        for line in (tmp_path / "demo" / ".env").read_text().splitlines()
        if "=" in line
    ]
    assert values
    assert all(len(value) >= 40 for value in values)
    for path, content in files(tmp_path / "demo").items():
        if path != ".env":
            assert not [value for value in values if value.encode() in content], path
    assert not [value for value in values if value in found.out + found.err]
    assert (tmp_path / "demo" / ".env").stat().st_mode & 0o777 == 0o600


def test_the_next_steps_are_commands(cli: CommandLine) -> None:
    found = cli("new", "a b/demo", "--yes", "--json")
    steps = found.json["data"]["next_steps"]
    assert steps[0] == "cd 'a b/demo'"
    assert "uv run demo" in steps


def test_a_second_new_leaves_the_first_alone(cli: CommandLine, tmp_path: Path) -> None:
    cli("new", "demo")
    before = everything(tmp_path)
    assert cli("new", "demo", "--preset", "production").code == 1
    assert everything(tmp_path) == before

"""Odd input and odd surroundings: one sentence, a hint, and nothing half-written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from processes import CommandLine, everything, files, mcpforge

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ("--yes", "--no-git", "--no-env", "--author", "Ada")
MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize("text", [b'title = "Wetter"\r\n', b'{"title": "Wetter"}'])
def test_answers_may_begin_with_a_byte_order_mark(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "marked").write_bytes(MARK + text)
    for name, source, given in (("one", "marked", b""), ("two", "-", MARK + text)):
        command = ("new", f"{name}/demo", "--answers", source, *QUICK)
        done = mcpforge(*command, cwd=tmp_path, stdin=given)
        assert done.returncode == 0, done.stderr
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert b"Wetter" in (tmp_path / "one/demo/README.md").read_bytes()


def test_answers_of_standard_input_are_utf_8_in_every_locale(tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    text = 'title = "Zażółć"\n'.encode()
    command = ("new", "demo", "--answers", "-", *QUICK)
    assert mcpforge(*command, cwd=tmp_path, stdin=text, env=ascii_only).returncode == 0
    assert "Zażółć" in (tmp_path / "demo/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"title": "a", "title": "b"}', "title"),
        ('{"features": ["caching"], "options": {"caching": {"ttl": 1, "ttl": 2}}}', "ttl"),
    ],
)
def test_a_key_that_stands_twice_is_refused(
    cli: CommandLine, tmp_path: Path, text: str, key: str
) -> None:
    (tmp_path / "a.json").write_text(text)
    found = cli("new", "demo", "--answers", "a.json", *QUICK)
    assert found.code == 2
    assert f"hold the key `{key}` twice" in found.err


@pytest.mark.parametrize(
    "text",
    [
        '{"license": ""}',
        '{"python": ""}',
        '{"preset": ""}',
        '{"options": {"no-such-feature": {}}}',
        '{"year": 12}',
        '{"features": [1]}',
        '{"options": {"caching": 1}}',
        '{"title": "\\u0007"}',
        "\udcff",
    ],
)
def test_every_refused_answer_has_a_hint(cli: CommandLine, tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_bytes(text.encode(errors="surrogateescape"))
    found = cli("new", "demo", "--answers", "a", *QUICK, "--json")
    assert found.code == 2
    assert found.json["errors"][0]["hint"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    "flag", ["--answers", "--license", "--python", "--preset", "--template", "--name"]
)
def test_an_empty_value_is_not_left_out(cli: CommandLine, tmp_path: Path, flag: str) -> None:
    found = cli("new", "demo", flag, "", *QUICK[:3])
    assert found.code == 2
    assert "hint: " in found.err
    assert everything(tmp_path) == {}


def test_the_catalogue_has_no_nameless_feature(cli: CommandLine) -> None:
    assert cli("features", "").code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("features", "storage"), "`storage` is a group of features"),
        (("new", "demo", "--set", "storage.ttl=1"), "`storage` is a group of features"),
        (("new", "demo", "--without", "storage=redis"), "Did you mean `redis`?"),
        (("new", "demo", "--with", "redis,caching"), "Name each by itself"),
        (("new", "demo", "--with", "redis", "--with", "valkey"), "Choose one of the two"),
        (("new", "demo", "--with", "redis", "--without", "redis"), "Take one of the two away"),
    ],
)
def test_a_hint_that_helps(cli: CommandLine, arguments: tuple[str, ...], told: str) -> None:
    found = cli(*arguments)
    assert found.code == 2
    assert told in found.err


def shell(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    """Run mcpforge by a shell, which can close and redirect its streams."""
    command = ["bash", "-c", f"{sys.executable} -m mcpforge {words}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("redirect", ["2>&-", "<&-", "2>&- <&-", "2>/dev/full", "2> >(true)"])
def test_what_can_not_be_said_stops_nothing(tmp_path: Path, redirect: str) -> None:
    done = shell(tmp_path, f"new demo --no-git --no-env {redirect}")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (tmp_path / "demo" / "pyproject.toml").exists()


def test_answers_of_a_closed_input_are_missing(tmp_path: Path) -> None:
    done = shell(tmp_path, "new demo --answers - <&-")
    assert done.returncode == 2
    assert "The answers from standard input can't be read" in done.stderr


@pytest.mark.parametrize("words", ["compose - <&-", "mcp . <&-", "mcp . >&-"])
def test_a_command_that_needs_a_closed_stream_says_so(tmp_path: Path, words: str) -> None:
    done = shell(tmp_path, words)
    assert done.returncode == 2
    assert "error: Standard input" in done.stderr


def test_an_envelope_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    done = shell(tmp_path, "features --json >/dev/full")
    assert done.returncode == 1
    assert "The output can't be written: no space left" in done.stderr


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "\u202eevil", "x" * 5000])
@pytest.mark.parametrize("where", ["--name", "--with", "--preset", "--set"])
def test_an_error_is_one_readable_line(
    cli: CommandLine, tmp_path: Path, where: str, name: str
) -> None:
    found = cli("new", "demo", where, name, *QUICK)
    assert found.code == 2
    first, empty, hint = found.err.splitlines()
    assert (first[:7], empty, hint[:6]) == ("error: ", "", "hint: ")
    assert first.isprintable()
    assert len(first) < 500
    assert everything(tmp_path) == {}


def test_a_loop_of_links_is_no_folder(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for arguments in (("loop",), ("loop/demo",), ("loop", "--dry-run")):
        found = cli("new", *arguments, *QUICK)
        assert "bug" not in found.err
        assert found.code == (0 if "--dry-run" in arguments else 1)
    assert [path.name for path in tmp_path.iterdir()] == ["loop"]


@pytest.mark.parametrize("with_env", ["--env", "--no-env"])
def test_the_step_that_brings_the_settings_works_as_printed(
    cli: CommandLine, tmp_path: Path, with_env: str
) -> None:
    command = ("new", "demo", "--with", "github", "--no-git", with_env, "--json")
    steps = cli(*command).json["data"]["next_steps"]
    place = tmp_path / "demo"
    before = (place / ".env").read_text() if with_env == "--env" else ""
    (step,) = [step for step in steps if ".env.example" in step]
    posix = {"PATH": os.environ["PATH"]}
    subprocess.run(["sh", "-euc", step], cwd=place, env=posix, check=True)
    after = (place / ".env").read_text()
    assert after == before + (place / ".env.example").read_text()
    named = set(re.findall(r"^# (DEMO_[A-Z_]+)=", after, re.MULTILINE))
    assert {"DEMO_GITHUB_CLIENT_ID", "DEMO_GITHUB_CLIENT_SECRET"} <= named


@pytest.mark.parametrize("flag", ["--install", "--verify"])
def test_without_uv_nothing_is_written(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flag: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = cli("new", "demo", flag, *QUICK, "--json")
    assert (found.code, found.json["errors"][0]["code"]) == (1, "no_uv")
    assert everything(tmp_path) == {}


@pytest.mark.parametrize(("flag", "kept"), [("--install", True), ("--verify", False)])
def test_a_failed_installation_says_what_is_there(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flag: str, kept: bool
) -> None:
    failing = tmp_path / "bin" / "uv"
    failing.parent.mkdir()
    failing.write_text("#!/bin/sh\necho 'error: no such index' >&2\nexit 2\n")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{failing.parent}:{os.environ['PATH']}")
    (error,) = cli("new", "a b/demo", flag, *QUICK, "--json").json["errors"]
    assert "`uv` can't install the project: no such index" in error["message"]
    assert ("The files are written" in error["message"]) == kept
    assert ("`uv sync --directory 'a b/demo'`" in error["hint"]) == kept
    assert ("Nothing was kept" in error["hint"]) != kept
    assert (tmp_path / "a b" / "demo").exists() == kept


def test_a_folder_that_looks_like_an_option_is_printed_as_a_folder(
    cli: CommandLine, tmp_path: Path
) -> None:
    made = cli("new", "./-x", "--name", "demo", *QUICK, "--json").json["data"]
    enter = made["next_steps"][0]
    told = subprocess.run(
        ["sh", "-euc", f"{enter}; pwd"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == str(tmp_path / "-x")
    (tmp_path / "-x").rename(tmp_path / "first")
    assert cli(*shlex.split(made["command"])[1:]).code == 0
    assert files(tmp_path / "-x") == files(tmp_path / "first")


@pytest.mark.parametrize("path", ["demo", "."])
def test_what_is_printed_works_where_the_user_is_also_with_another_folder(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    (tmp_path / "sub").mkdir()
    made = cli("new", path, "--name", "demo", "-C", "sub", *QUICK, "--json").json["data"]
    place = tmp_path / "sub" / path
    monkeypatch.chdir(tmp_path)
    told = subprocess.run(
        ["sh", "-euc", f"{made['next_steps'][0]}; pwd"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str(place)
    first = files(place)
    shutil.rmtree(tmp_path / "sub")
    (tmp_path / "sub").mkdir()
    assert cli(*shlex.split(made["command"])[1:]).code == 0
    assert files(place) == first

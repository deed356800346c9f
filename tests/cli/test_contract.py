"""What programs rely on: exit codes, the JSON envelope, where data and words go."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpforge.cli.app import run
from mcpforge.cli.flags import EPILOG
from mcpforge.cli.lazy import COMMANDS as KNOWN
from mcpforge.cli.lazy import load as load_command
from processes import CommandLine, everything, mcpforge

COMMANDS = sorted(KNOWN)
NEW = ("new", "demo", "--no-git", "--no-env", "--author", "Ada")
BAD = [
    ((), 2),
    (("nwe",), 2),
    (("new",), 2),
    (("new", "demo", "--nmae", "x"), 2),
    (("new", "demo", "more"), 2),
    (("new", "1 bad"), 2),
    (("new", "demo", "--with", "chaching"), 2),
    (("new", "demo", "--without", "nothing-so-called"), 2),
    (("new", "demo", "--with", "=x"), 2),
    (("new", "demo", "--preset", "standrad"), 2),
    (("new", "demo", "--license", "GPL"), 2),
    (("new", "demo", "--python", "2.7"), 2),
    (("new", "demo", "--set", "x"), 2),
    (("new", "demo", "--set", "caching.tll=5", "--with", "caching"), 2),
    (("new", "demo", "--set", "caching.ttl=x", "--with", "caching"), 2),
    (("new", "demo", "--set", "caching.ttl=5"), 2),
    (("new", "demo", "--answers", "missing.toml"), 2),
    (("new", "demo", "--title"), 2),
    (("new", "demo", "--title", "\x1b[31m"), 2),
    (("new", "taken"), 1),
    (("features", "chaching"), 2),
    (("features", "a", "b"), 2),
    (("info",), 1),
    (("env",), 1),
    (("-C", "nowhere", "info"), 2),
    (("info", "-C"), 2),
]


@pytest.fixture
def taken(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize(("arguments", "code"), BAD)
def test_every_error_is_an_envelope(
    cli: CommandLine, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    before = everything(tmp_path)
    for order in ((*arguments, "--json"), ("--json", *arguments)):
        if order[-2:] in (("--title", "--json"), ("-C", "--json")):
            continue  # there it is a value
        found = cli(*order)
        envelope = found.json
        assert found.code == envelope["exit_code"] == code
        assert found.err == ""
        assert list(envelope) == ["schema", "command", "status", "exit_code", "data", "errors"]
        assert (envelope["schema"], envelope["status"], envelope["data"]) == (1, "error", {})
        (error,) = envelope["errors"]
        assert list(error) == ["code", "message", "hint"]
        assert re.fullmatch(r"[a-z_]+", error["code"])
        assert error["code"] != "bug"
    assert everything(tmp_path) == before


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize(("arguments", "code"), BAD)
def test_every_error_is_a_sentence(cli: CommandLine, arguments: tuple[str, ...], code: int) -> None:
    found = cli(*arguments)
    assert found.code == code
    assert found.out == ""
    assert "Traceback" not in found.err
    lines = found.err[found.err.index("error: ") :].splitlines()
    assert arguments == () or found.err.startswith("error: ")
    assert not lines[0].endswith(".")
    if len(lines) > 1:
        assert lines[1] == ""
        assert lines[2].startswith("hint: ")


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (NEW, {"path", "answers", "features", "implied", "written", "git", "env", "command"}),
        ((*NEW, "--dry-run"), {"path", "answers", "changes", "written"}),
        (("features",), {"groups", "presets"}),
        (("features", "--schema"), {"schema"}),
    ],
)
def test_every_result_is_an_envelope(
    cli: CommandLine, arguments: tuple[str, ...], keys: set[str]
) -> None:
    found = cli(*arguments, "--json")
    assert found.code == 0
    assert found.err == ""
    envelope = found.json
    assert (envelope["status"], envelope["command"]) == ("success", arguments[0])
    assert envelope["errors"] == []
    assert keys <= envelope["data"].keys()


def test_a_project_speaks_json_too(cli: CommandLine) -> None:
    assert cli(*NEW).code == 0
    cli("-C", "demo", "info")
    for command in ("info", "env"):
        found = cli(command, "--json")
        assert (found.code, found.json["command"], found.err) == (0, command, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_on_stdout_and_names_the_common_flags(cli: CommandLine, command: str) -> None:
    for flag in ("--help", "-h"):
        found = cli(command, flag)
        assert (found.code, found.err) == (0, "")
        assert "Everywhere: --json" in found.out
        assert "--json" in EPILOG
        assert max(map(len, found.out.splitlines())) <= 100


@pytest.mark.parametrize("flag", ["--json", "--quiet", "-q", "--verbose", "-v", "--yes", "-y"])
def test_common_flags_work_before_and_after(cli: CommandLine, flag: str) -> None:
    before, after = cli(flag, "features"), cli("features", flag)
    assert before == after
    assert before.code == 0


def test_a_folder_works_before_and_after(cli: CommandLine, tmp_path: Path) -> None:
    cli(*NEW)
    before = cli("-C", "demo", "info")
    os.chdir(tmp_path)
    after = cli("info", "-C", "demo")
    assert before == after
    assert "demo" in before.out


def test_a_value_that_looks_like_a_flag_is_a_value(cli: CommandLine) -> None:
    found = cli(*NEW, "--title", "--json", "--dry-run", "--quiet")
    assert found.code == 0
    assert not found.out.startswith("{")


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("nwe",), "new"),
        (("new", "demo", "--autor", "x"), "--author"),
        (("new", "demo", "--with", "chaching"), "caching"),
        (("new", "demo", "--with", "storage=rediss"), "redis"),
        (("new", "demo", "--preset", "standrad"), "standard"),
        (("new", "demo", "--with", "caching", "--set", "caching.tll=1"), "ttl"),
        (("features", "chaching"), "caching"),
    ],
)
def test_did_you_mean(cli: CommandLine, arguments: tuple[str, ...], near: str) -> None:
    assert f"Did you mean `{near}`?" in cli(*arguments).err


def test_quiet_says_nothing(cli: CommandLine) -> None:
    found = cli(*NEW, "--quiet")
    assert (found.code, found.out, found.err) == (0, "", "")


_WORDS = st.one_of(
    st.sampled_from(
        [*COMMANDS, "demo", "--json", "--", "-C", "-", "--set", "--with", "a.b=c", "="]
    ),
    st.sampled_from(["--answers", "/dev/null", "--dry-run", "--diff", "--help", "--name", "--yes"]),
    st.text(max_size=8).filter(lambda text: "\0" not in text),
)


def test_no_command_line_ends_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    @given(st.lists(_WORDS, max_size=6))
    @settings(max_examples=150)
    def fuzz(arguments: list[str]) -> None:
        os.chdir(tmp_path)
        safe = [word for word in arguments if word != "--verify"]
        code = run(
            ["--dry-run", *safe] if "new" not in safe else [*safe[:1], "--dry-run", *safe[1:]]
        )
        assert code in (0, 1, 2)
        shown = capsys.readouterr()
        assert "met a bug" not in shown.err + shown.out, arguments
        assert "Traceback" not in shown.err, arguments

    fuzz()


def test_no_color_and_dumb_terminals(tmp_path: Path) -> None:
    for environment in ({"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}, {"FORCE_COLOR": "1"}):
        done = mcpforge("features", "chaching", cwd=tmp_path, env=environment)
        assert b"\x1b" not in done.stdout + done.stderr


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
LATIN = {**ASCII, "PYTHONIOENCODING": "latin-1"}


@pytest.mark.parametrize("environment", [ASCII, LATIN])
def test_terminals_that_know_few_characters(tmp_path: Path, environment: dict[str, str]) -> None:
    text = "日本語 ü \U0001f600"
    (tmp_path / "a.json").write_text(json.dumps({"title": text}), encoding="utf-8")
    new = (*NEW, "--answers", "a.json")
    told = mcpforge(*new, "--diff", cwd=tmp_path, env=environment)
    assert (told.returncode, b"Traceback" in told.stderr) == (0, False)
    made = mcpforge("new", "tree", *NEW[2:], cwd=tmp_path, env=environment)
    assert b"\n|-- CHANGELOG.md" in made.stderr
    data = mcpforge(*new, "--json", cwd=tmp_path, env=environment)
    assert data.returncode == 0, data.stderr
    encoding = environment["PYTHONIOENCODING"]
    assert json.loads(data.stdout.decode(encoding))["data"]["answers"]["title"] == text


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    for arguments in ((b"--title", b"\xff\xfe"), (b"--name", b"\xff"), (b"--with", b"\xff")):
        done = mcpforge("new", "demo", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert b"bug" not in done.stderr
    done = mcpforge("new", b"dir\xff/demo", "--no-git", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


@pytest.mark.parametrize("redirect", [">/dev/full", ">&-", "2>/dev/full", "2>&-", "| true"])
def test_streams_that_do_not_work(tmp_path: Path, redirect: str) -> None:
    command = f"{sys.executable} -m mcpforge features {redirect}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1, 2)
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"""
import os
os.chdir({str(gone)!r})
os.rmdir({str(gone)!r})
from mcpforge.cli.app import run
for arguments in (["info"], ["new", "demo", "--no-git"], ["env"], ["new", "x", "--dry-run"]):
    assert run(arguments) in (1, 2), arguments
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "bug" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_they_say(name: str) -> None:
    told = load_command(name).help.split("\n", 1)[0]
    assert told == KNOWN[name]

"""The wizard of `mcpforge new`, in a real pseudo-terminal."""

from __future__ import annotations

import re
import shlex
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mcpforge.answers import Answers
from mcpforge.cli.chooser_frame import clip, draw, preview_lines
from mcpforge.cli.chooser_state import Choices
from processes import everything, files, mcpforge
from terminal import Terminal, mcpforge_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog

QUICK = ("--no-git", "--no-env")
INTERRUPTED = "Interrupted, nothing was changed"

# Two features of the catalogue exclude each other; what `ask` returns is printed.
EXCLUDING = """
import dataclasses
from mcpforge.catalog.catalog import load
from mcpforge.cli.wizard import ask
from mcpforge.operations.choices import Request
catalog = load()
first = dataclasses.replace(catalog.features["prompts"], excludes=("resources",))
catalog = dataclasses.replace(catalog, features={**catalog.features, "prompts": first})
asked = ask(Request(name="weather"), catalog, author="", year=2026)
print("asked for", asked.preset, *asked.include)
"""


def pointed(screen: str) -> str:
    """Return the line that the pointer stands at."""
    return next(line for line in screen.splitlines() if "❯" in line)


def point_at(terminal: Terminal, feature: str) -> None:
    """Press the arrow, a step at a time, until the pointer stands at the feature.

    The screen is drawn from the top: when the line with the position is there, so is the list.
    """
    terminal.until("❯", " of ", "Ctrl-C leave")
    while f"] {feature} " not in (now := pointed(terminal.text)) and f") {feature} " not in now:
        place = next(line for line in terminal.text.splitlines() if line.startswith("── "))
        terminal.press("down")
        terminal.until("❯", " of ", without=place)


def test_enter_all_the_way_makes_what_yes_makes(tmp_path: Path) -> None:
    with mcpforge_terminal("new", *QUICK, cwd=tmp_path) as terminal:
        terminal.until("Name of the project: my-server")
        terminal.press("enter")
        terminal.until("Preset:", "minimal", "standard", "production")
        terminal.press("enter")
        terminal.until("Features of my-server", "nothing chosen", "server.py")
        terminal.press("enter")
        terminal.until("The same without questions:", "Create it")
        terminal.press("enter")
        assert terminal.end() == 0
        assert b"uv run my-server" in terminal.output
    mcpforge("new", "other/my-server", "--yes", *QUICK, cwd=tmp_path)
    assert files(tmp_path / "my-server") == files(tmp_path / "other" / "my-server")


def test_toggling_changes_the_preview_and_the_printed_command_makes_the_same(
    tmp_path: Path,
) -> None:
    with mcpforge_terminal("new", "weather", *QUICK, cwd=tmp_path, size=(200, 60)) as terminal:
        terminal.until("Preset:", "standard")
        terminal.press("down", "enter")
        screen = terminal.until("Features of weather", "9 chosen", "prompts/")
        assert "[x] prompts" in pointed(screen)
        terminal.press("space")  # out
        terminal.until("8 chosen", "[ ] prompts", re.compile(r"- .*prompts/"))
        terminal.press("right")
        terminal.until("── 4 of ", "❯ [ ] audit")
        point_at(terminal, "authorization")
        terminal.press("space")
        added = re.compile(r"\+ .*authorization\.py")
        screen = terminal.until("Implied: bearer (for authorization)", "[+] bearer", added)
        assert not re.search(r"- .*prompts/", screen)
        terminal.press("enter")
        terminal.until("--preset standard --with authorization --without prompts", "Create it")
        terminal.press("enter")
        assert terminal.end() == 0
    printed = re.search(rb"The same without questions:\s+(mcpforge new .*?)\r?\n", terminal.output)
    assert printed
    words = shlex.split(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", printed[1].decode()))
    (tmp_path / "again").mkdir()
    again = mcpforge(*words[1:], cwd=tmp_path / "again")
    assert again.returncode == 0, again.stderr.decode()
    assert files(tmp_path / "weather") == files(tmp_path / "again" / "weather")


def test_a_bad_name_is_refused_with_its_sentence_while_it_is_typed(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with mcpforge_terminal("new", "--dry-run", cwd=tmp_path, size=(100, 24)) as terminal:
        terminal.until("Name of the project:")
        terminal.press("taken")
        terminal.until("`taken` is not empty: it holds `file`")
        terminal.press("\x15", "class")
        terminal.until("Try `class-server`. `class` is a keyword of Python")
        terminal.press("enter")
        terminal.press("-server")
        terminal.until("Name of the project: class-server", without="is a keyword")
        terminal.press("enter")
        terminal.until("Preset:")
        terminal.press("enter")
        terminal.until("Features of class-server")
        terminal.press("ctrl-c")
        assert terminal.end() == 130


def test_what_helps_is_seen_in_a_narrow_terminal(tmp_path: Path) -> None:
    with mcpforge_terminal("new", "--no-git", cwd=tmp_path, size=(40, 24)) as terminal:
        terminal.until("Name of the project:")
        terminal.press("1 bad")
        terminal.until("Try `mcp-1-bad`.")
        terminal.press("\x15", "weather", "enter")
        terminal.until("Preset:")
        terminal.press("enter")
        terminal.until("Space choose", "Enter done", "Ctrl-C leave")
        terminal.press("ctrl-c")
        assert terminal.end() == 130


def test_what_is_pasted_is_one_line_and_what_no_key_sends_is_nothing(tmp_path: Path) -> None:
    with mcpforge_terminal("new", "--no-git", cwd=tmp_path) as terminal:
        terminal.until("Name of the project:")
        terminal.press("\x1b[31m", "\x1b[200~wind\ntower\n\x1b[201~")
        terminal.until("Name of the project: wind tower", "Try `wind-tower`.")
        terminal.press("\x15", "\x1b[200~weather\r\n\x1b[201~", "enter")
        terminal.until("Preset:")
        terminal.press("\x1b[31m", "enter")
        terminal.until("Features of weather")
        terminal.press("\x1b[31m", "enter")
        terminal.until("Create it")
        terminal.press("ctrl-c")
        assert terminal.end() == 130
    assert b"Exception" not in terminal.output


def test_a_single_choice_replaces_and_may_be_taken_back(tmp_path: Path) -> None:
    with mcpforge_terminal("new", "weather", cwd=tmp_path, size=(100, 60)) as terminal:
        terminal.until("Preset:")
        terminal.press("enter")
        terminal.until("Features of weather", "Storage (one at most)", "Provider (one at most)")
        point_at(terminal, "filetree")
        terminal.press("space")
        terminal.until("(•) filetree", "1 chosen")
        point_at(terminal, "memory")
        terminal.press("space")
        terminal.until("(•) memory", "( ) filetree", "1 chosen")
        terminal.press("space")
        terminal.until("( ) memory", "nothing chosen")
        terminal.press("ctrl-c")
        assert terminal.end() == 130


def test_what_excludes_each_other_is_said_and_blocks_leaving(tmp_path: Path) -> None:
    with Terminal([sys.executable, "-c", EXCLUDING], cwd=tmp_path) as terminal:
        terminal.until("Preset:")
        terminal.press("enter")
        terminal.until("❯ [ ] prompts")
        terminal.press("space")
        terminal.until("[x] prompts")
        terminal.press("down")
        terminal.until("❯ [ ] resources")
        terminal.press("space")
        refused = "`prompts` and `resources` exclude each other. Leave one out to go on"
        terminal.until(refused, "❯ [x] resources")
        terminal.press("enter", "down")
        terminal.until(refused, "❯ [ ] validation")
        terminal.press("up", "space")
        terminal.until("❯ [ ] resources", without="exclude each other")
        terminal.press("enter")
        terminal.until("Create it", "--with prompts")
        terminal.press("down", "enter")  # change the features
        terminal.until("❯ [ ] resources", "[x] prompts")
        terminal.press("enter")
        terminal.until("Create it")
        terminal.press("enter")
        terminal.until("asked for minimal prompts")
        assert terminal.end() == 0


@pytest.mark.parametrize("key", ["ctrl-c", pytest.param("ctrl-d", marks=pytest.mark.slow)])
@pytest.mark.parametrize("question", range(4))
def test_leaving_at_any_question_writes_nothing(tmp_path: Path, key: str, question: int) -> None:
    shown = ["Name of the project:", "Preset:", "Features of my-server", "Create it"]
    with mcpforge_terminal("new", cwd=tmp_path) as terminal:
        for text in shown[:question]:
            terminal.until(text)
            terminal.press("enter")
        terminal.until(shown[question])
        terminal.press(key)
        terminal.until(INTERRUPTED)
        assert terminal.end() == 130
    assert everything(tmp_path) == {}


def test_leave_and_the_signal_and_a_closed_terminal_write_nothing(tmp_path: Path) -> None:
    with mcpforge_terminal("new", "weather", cwd=tmp_path) as terminal:
        for text in ("Preset:", "Features of weather"):
            terminal.until(text)
            terminal.press("enter")
        terminal.until("Leave, write nothing")
        terminal.press("up", "enter")
        terminal.until(INTERRUPTED)
        assert terminal.end() == 130
    with mcpforge_terminal("new", "weather", cwd=tmp_path) as terminal:
        terminal.until("Preset:")
        terminal.press("enter")
        terminal.until("Features of weather")
        terminal.interrupt(signal.SIGINT)
        terminal.until(INTERRUPTED)
        assert terminal.end() == 130
    with mcpforge_terminal("new", "weather", cwd=tmp_path) as terminal:
        terminal.until("Preset:")
        terminal.hang_up()
        assert terminal.wait() != 0
    assert everything(tmp_path) == {}


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("--yes",), {}),
        (("--quiet",), {}),
        (("--preset", "minimal"), {}),
        ((), {"TERM": "dumb"}),
    ],
)
def test_nothing_is_asked_where_nothing_may_be(
    tmp_path: Path,
    arguments: tuple[str, ...],
    environment: dict[str, str],
) -> None:
    command = ("new", "weather", "--dry-run", *arguments)
    with mcpforge_terminal(*command, cwd=tmp_path, env=environment) as terminal:
        assert terminal.end() == 0
        assert b"Preset:" not in terminal.output


def test_without_a_terminal_nothing_of_the_wizard_is_loaded(tmp_path: Path) -> None:
    done = mcpforge("new", "weather", *QUICK, cwd=tmp_path, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0
    for name in (
        b"questionary",
        b"prompt_toolkit",
        b"mcpforge.cli.wizard",
        b"mcpforge.cli.chooser",
    ):
        assert name not in done.stderr


@pytest.mark.parametrize(("argument", "variable"), [("--no-color", ""), ("", "1")])
def test_no_colour_where_none_is_wanted(tmp_path: Path, argument: str, variable: str) -> None:
    words = ["new", "weather", *([argument] if argument else [])]
    environment = {"NO_COLOR": variable} if variable else {}
    with mcpforge_terminal(*words, cwd=tmp_path, env=environment) as terminal:
        for text in ("Preset:", "Features of weather"):
            terminal.until(text)
            terminal.press("enter")
        terminal.until("Create it")
        terminal.press("ctrl-c")
        assert terminal.end() == 130
    codes = re.findall(rb"\x1b\[([0-9;]*)m", terminal.output)
    numbers = {int(number) for code in codes for number in code.split(b";") if number}
    assert not numbers & {*range(30, 39), *range(40, 49), *range(90, 98)}


def test_what_is_wrong_on_the_command_line_is_said_before_the_first_question(
    tmp_path: Path,
) -> None:
    with mcpforge_terminal("new", "weather", "--license", "WTFPL", cwd=tmp_path) as terminal:
        assert terminal.end() == 2
        assert "`--license` can't be `WTFPL`" in terminal.text
    assert b"Preset:" not in terminal.output


@pytest.fixture(scope="module")
def everything_chosen(catalog: Catalog) -> Choices:
    return Choices(catalog, Answers(name="weather", features=catalog.preset("production")))


@pytest.mark.parametrize("rows", [1, 4, 8, 13, 24, 60])
@pytest.mark.parametrize("columns", [1, 10, 24, 40, 71, 72, 80, 200])
def test_a_picture_fits_its_terminal(everything_chosen: Choices, columns: int, rows: int) -> None:
    lines = draw(everything_chosen, columns, rows)
    assert len(lines) <= rows
    for line in lines:
        text = "".join(piece for _, piece in line)
        assert clip(text, columns) == text


def test_the_pointer_is_in_every_picture(catalog: Catalog) -> None:
    choices = Choices(catalog, Answers(name="weather"))
    features = [row for row in choices.rows if row.feature]
    assert [row.title for row in features if row.feature] == [
        member.id
        for group in catalog.groups
        for member in sorted(catalog.members(group), key=lambda member: (member.kind, member.id))
    ]
    for _ in features:
        texts = ["".join(piece for _, piece in line) for line in draw(choices, 80, 24)]
        assert sum("❯" in text for text in texts) == 1
        choices.move(1)
    assert choices.position == f"{len(features)} of {len(features)}"


def test_every_feature_toggled_twice_gives_the_tree_back(catalog: Catalog) -> None:
    choices = Choices(catalog, Answers(name="weather"))
    for _ in [row for row in choices.rows if row.feature]:
        before = choices.shown.paths
        choices.toggle()
        assert not choices.outcome.error
        assert any(mark == "+" for mark, _ in preview_lines(choices)) == (
            choices.shown.paths > before
        )
        choices.toggle()
        assert choices.shown.paths == before
        choices.move(1)


def test_an_excluded_pair_keeps_the_last_tree(catalog: Catalog) -> None:
    first, second = catalog.members(next(iter(catalog.groups)))[:2]
    excluding = replace(first, excludes=(second.id,))
    changed = replace(catalog, features={**catalog.features, first.id: excluding})
    choices = Choices(changed, Answers(name="weather"))
    choices.toggle()
    good = choices.shown
    choices.move(1)
    choices.toggle()
    assert choices.outcome.error == f"`{first.id}` and `{second.id}` exclude each other"
    assert choices.shown == good
    choices.toggle()
    assert not choices.outcome.error

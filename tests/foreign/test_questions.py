"""The questions of a template in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foreign.repositories import commit, git, small_template
from terminal import mcpforge_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SIZE = (100, 40)


def test_every_kind_of_question_is_asked(repositories: Mapping[str, Path], tmp_path: Path) -> None:
    arguments = ("new", "made", "--template", str(repositories["mcp"]), "--no-git")
    with mcpforge_terminal(*arguments, cwd=tmp_path, size=SIZE) as terminal:
        terminal.until("Name of the server")
        terminal.press("weather", "enter")
        terminal.until("» stdio")
        terminal.press("down", "enter")
        terminal.until("> One line", "and http")
        terminal.press("\x1b", "enter")
        terminal.until("dangerous (bool)", "(y/N)")
        terminal.press("n")
        terminal.until("● Search", "Delete (only in dangerous projects)")
        terminal.press("down", "space", "enter")
        screen = terminal.until("Create 3 files in made?")
        assert "The same without questions" in screen
        terminal.press("enter")
        assert terminal.end() == 0
    text = (tmp_path / "made" / "server.py").read_text()
    assert 'mcp.run(transport="http")' in text
    assert "def fetch(" in text
    assert text.startswith('"""One line and http."""')


def test_a_wrong_answer_is_told_and_secrets_are_hidden(
    repositories: Mapping[str, Path], tmp_path: Path
) -> None:
    arguments = ("new", "made", "--template", str(repositories["command"]), "--no-git")
    with mcpforge_terminal(*arguments, cwd=tmp_path, size=SIZE) as terminal:
        terminal.until("Name of the program")
        terminal.press("enter")
        terminal.until("port (int)")
        terminal.press("\x7f" * 4, "0", "enter")
        terminal.until("a port is between 1 and 65535")
        terminal.press("\x7f", "8", "enter")
        terminal.until("verbose (bool)")
        terminal.press("enter")
        terminal.until("ratio (float)")
        terminal.press("enter")
        terminal.until("Token of the service")
        terminal.press("\x7f" * 9, "hunter2", "enter")
        screen = terminal.until("limits (yaml)")
        assert "hunter2" not in screen
        assert "*******" in screen
        terminal.press("ctrl-c")
        assert terminal.end() == 130
    assert list(tmp_path.iterdir()) == []
    assert b"hunter2" not in terminal.output


def test_an_update_asks_only_what_is_new(tmp_path: Path) -> None:
    answers = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
    first = {**answers, "copier.yml": "old: 1\nhidden:\n  secret: true\n  default: x\n"}
    source = small_template(tmp_path / "template", first, tag="1.0.0")
    arguments = ("new", "made", "--template", str(source), "--no-git", "--yes")
    with mcpforge_terminal(*arguments, cwd=tmp_path) as terminal:
        assert terminal.end() == 0
    (source / "copier.yml").write_text(f"{first['copier.yml']}new:\n  type: str\n  help: Newer\n")
    commit(source, "Two")
    git(source, "tag", "2.0.0")
    with mcpforge_terminal("update", cwd=tmp_path / "made", size=SIZE) as terminal:
        terminal.until("Newer", without="old (")
        terminal.press("fresh", "enter")
        screen = terminal.until("Updated from 1.0.0 to 2.0.0")
        assert "hidden" not in screen
        assert terminal.end() == 0
    assert "new: fresh" in (tmp_path / "made" / ".copier-answers.yml").read_text()

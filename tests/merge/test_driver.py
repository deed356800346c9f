"""The way a merge goes: fast paths, line endings, prose, markers, and what is never written."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpforge.merge.driver import merge

PATHS = ("a.py", "a.toml", "a.json", "a.yaml", ".env", ".gitignore", "a.md", "Containerfile")
TEXTS = st.lists(
    st.sampled_from(["a = 1", "b = 2", "# c", "", "d: 3", "e=4", "[t]"]), max_size=8
).map(lambda lines: "".join(f"{line}\n" for line in lines))


@given(st.sampled_from(PATHS), TEXTS, TEXTS)
def test_a_side_that_changed_nothing_gives_way(path: str, one: str, two: str) -> None:
    assert merge(path, one, two, one).text == two
    assert merge(path, one, one, two).text == two
    assert merge(path, one, two, two).text == two


@given(st.sampled_from(PATHS), TEXTS, TEXTS, TEXTS)
def test_lines_of_the_user_survive_whatever_the_texts_are(
    path: str, base: str, ours: str, theirs: str
) -> None:
    merged = merge(path, base, ours, theirs)
    for line in set(ours.splitlines()) - set(base.splitlines()):
        assert line in merged.text
    if merged.clean and path.endswith(".py"):
        parses = [_parses(text) for text in (ours, merged.text)]
        assert parses[1] or not parses[0]


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


BASE = "a = 1\nb = 2\nc = 3\n"
THEIRS = "a = 1\nb = 2\nc = 3\nd = 4\n"


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ("a = 9\r\nb = 2\r\nc = 3\r\n", "a = 9\r\nb = 2\r\nc = 3\r\nd = 4\r\n"),
        ("a = 1\r\nb = 2\r\nc = 3\r\n", "a = 1\r\nb = 2\r\nc = 3\r\nd = 4\r\n"),
        ("a = 9\nb = 2\nc = 3", "a = 9\nb = 2\nc = 3\nd = 4"),
        ("a = 9\r\nb = 2\nc = 3\r\n", "a = 9\r\nb = 2\nc = 3\r\nd = 4\r\n"),
        ("a = 9\r\nb = 2\nc = 3\n", "a = 9\r\nb = 2\nc = 3\nd = 4\n"),
        ("\ufeffa = 9\nb = 2\nc = 3\n", "\ufeffa = 9\nb = 2\nc = 3\nd = 4\n"),
    ],
)
@pytest.mark.parametrize("path", ["x.py", "Containerfile", "x.md"])
def test_endings_are_the_users(path: str, ours: str, expected: str) -> None:
    merged = merge(path, BASE, ours, THEIRS)
    assert merged.clean
    assert merged.text == expected


def test_prose_is_advice_and_never_a_conflict() -> None:
    base, theirs = "# T\n\none\ntwo\n", "# T\n\nONE\ntwo\nthree\n"
    merged = merge("README.md", base, "# T\n\nuno\ntwo\n", theirs)
    assert merged.clean
    assert merged.text == "# T\n\nuno\ntwo\nthree\n"
    assert merged.advisories == (
        "`README.md`, line 3: left out, since you changed the same lines:\nONE",
    )


def test_a_conflict_has_the_place_the_texts_and_markers() -> None:
    merged = merge("x.py", "a = 1\nb = f(2)\n", "a = 1\nb = f(3)\n", "a = 1\nb = f(4)\n")
    (conflict,) = merged.conflicts
    assert conflict.start == conflict.end == 2
    assert "`x.py`, line 2" in conflict.description
    assert [conflict.base, conflict.ours, conflict.theirs] == ["b = f(2)", "b = f(3)", "b = f(4)"]
    assert merged.text == (
        "a = 1\n<<<<<<< yours\nb = f(3)\n||||||| base\nb = f(2)\n=======\nb = f(4)\n"
        ">>>>>>> mcpforge\n"
    )


def test_a_file_that_did_not_parse_is_left_alone() -> None:
    merged = merge("x.py", "a = 1\n", "a = (\n", "a = 1\nb = 2\n")
    assert not merged.clean
    assert "can't be read" in merged.conflicts[0].description


def test_nothing_is_taken_that_uses_unknown_names() -> None:
    base = "def f(settings):\n    x = 1\n    return x\n"
    ours = "def f(config):\n    return 1\n"
    theirs = "def f(settings):\n    x = 1\n    y = x\n    return x\n"
    assert not merge("x.py", base, ours, theirs).clean


def test_lines_need_no_heavy_module() -> None:
    code = (
        "import sys; from mcpforge.merge.driver import merge; "
        "merge('x.py', 'a = 1\\n', 'a = 1\\nb = 2\\n', 'c = 3\\na = 1\\n'); "
        "sys.exit(bool({'yaml', 'packaging', 'mcpforge.merge.syntaxtree'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_there_is_not_put_elsewhere_again() -> None:
    """A block that is there in another indentation is not taken for the body of its neighbour."""
    base = "class Settings:\n    a: int = 1\n"
    theirs = base + "    b: int = 2\n\n    def c(self) -> int:\n        return self.b\n"
    there = theirs.replace("    ", "  ")
    assert merge("settings.py", base, there, theirs).text == there

"""The merge of lines: git's result wherever git is clean; lines that only touch are no conflict."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpforge.merge.differences import changes
from mcpforge.merge.lines import Hunk, chosen, clean, marked, merge_lines

if TYPE_CHECKING:
    from pathlib import Path

LINES = st.lists(st.sampled_from("abcdef"), max_size=12)
CASES = 600


def _mutated(source: random.Random, lines: list[str], alphabet: int) -> list[str]:
    """Insert, delete and replace, often near each other."""
    result = list(lines)
    for _ in range(source.randint(1, 4)):
        at = source.randint(0, len(result))
        new = [str(source.randrange(alphabet)) for _ in range(source.randint(1, 3))]
        match source.choice(["insert", "delete", "replace"]):
            case "insert":
                result[at:at] = new
            case "delete":
                del result[at : at + source.randint(1, 3)]
            case _:
                result[at : at + source.randint(1, 2)] = new
    return result


def _git(folder: Path, base: list[str], ours: list[str], theirs: list[str]) -> list[str] | None:
    """Return what `git merge-file` makes of it, or nothing for a conflict."""
    for name, lines in (("base", base), ("ours", ours), ("theirs", theirs)):
        (folder / name).write_text("".join(f"{line}\n" for line in lines))
    command = ["git", "merge-file", "-p", "ours", "base", "theirs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else None


@pytest.mark.parametrize(
    "alphabet",
    [5, *(pytest.param(size, marks=pytest.mark.slow) for size in (2, 20, 10_000))],
)
def test_where_git_is_clean_the_result_is_gits(alphabet: int, tmp_path: Path) -> None:
    git_clean = ours_clean = 0
    for seed in range(CASES):
        source = random.Random(f"{alphabet} {seed}")
        base = [str(source.randrange(alphabet)) for _ in range(source.randint(0, 20))]
        ours, theirs = _mutated(source, base, alphabet), _mutated(source, base, alphabet)
        expected = _git(tmp_path, base, ours, theirs)
        parts = merge_lines(base, ours, theirs)
        ours_clean += clean(parts)
        if expected is not None:
            git_clean += 1
            assert clean(parts)
            assert chosen(parts) == expected
    figures = f"git clean {git_clean}, ours clean {ours_clean}"
    sys.stdout.write(f"\n{CASES} merges of {alphabet} lines: {figures}\n")
    assert ours_clean > git_clean > CASES // 5


@given(LINES, LINES)
def test_a_side_that_changed_nothing_gives_way(base: list[str], other: list[str]) -> None:
    assert chosen(merge_lines(base, other, base)) == other
    assert chosen(merge_lines(base, base, other)) == other
    assert chosen(merge_lines(base, other, other)) == other


@given(LINES, LINES)
def test_changes_rebuild_the_new_lines(old: list[str], new: list[str]) -> None:
    built: list[str] = []
    at = 0
    for change in changes(old, new):
        built += [*old[at : change.start], *new[change.new_start : change.new_end]]
        at = change.end
    assert built + old[at:] == new


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("a b c", "a X c", "a b Y c", "a X Y c"),
        ("a b c", "a c", "a b Y c", "a Y c"),
        ("a b c", "a b X", "a Y c", "a Y X"),
        ("a b", "a X b", "a Y b", "a X Y b"),
        ("a b", "a X b", "a X b", "a X b"),
        ("a b", "a X Y b", "a Y b", "a X Y b"),
        ("a b c d", "a d", "a b d", "a d"),
        ("a b c d", "d", "a d", "d"),
        ("a b c", "a b c X", "Y a b c", "Y a b c X"),
    ],
)
def test_neighbours_that_touch_are_no_conflict(
    base: str, ours: str, theirs: str, expected: str
) -> None:
    parts = merge_lines(base.split(), ours.split(), theirs.split())
    assert clean(parts)
    assert chosen(parts) == expected.split()


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [("a b c", "a X c", "a Y c"), ("a b c", "X", "a Y b c"), ("a b c", "a X", "a b Y")],
)
def test_what_both_replaced_is_a_conflict(base: str, ours: str, theirs: str) -> None:
    parts = merge_lines(base.split(), ours.split(), theirs.split())
    assert not clean(parts)
    assert set(ours.split()) <= set(chosen(parts))


def test_sorted_places_stay_sorted() -> None:
    base = ['    "a",', '    "m",']
    ours, theirs = ['    "a",', '    "k",', '    "m",'], ['    "a",', '    "c",', '    "m",']
    found = chosen(merge_lines(base, ours, theirs))
    assert found == ['    "a",', '    "c",', '    "k",', '    "m",']


def test_conflicts_are_shown_with_the_base() -> None:
    parts = merge_lines(["a", "b"], ["a", "x"], ["a", "y"])
    assert parts[-1] == Hunk(("b",), ("x",), ("y",), 2)
    assert marked(parts) == [
        "a",
        "<<<<<<< yours",
        "x",
        "||||||| base",
        "b",
        "=======",
        "y",
        ">>>>>>> mcpforge",
    ]

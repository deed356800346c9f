"""The lock is read back as it was written, and refuses what it should not trust."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpforge.answers import Answers, Component
from mcpforge.catalog.catalog import load
from mcpforge.errors import ForgeError
from mcpforge.project import lock as locks
from mcpforge.project.lock import Lock, LockedFile
from strategies import HOSTILE, answers, texts

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = Answers(
    "demo",
    title='A "title" \\ {{ x }}',
    description="two\nlines",
    features=("b", "a"),
    options={"a": {"list": ("x", "y,z"), "flag": True, "rate": 1e22, "count": -3}, "b": {}},
    components=(Component("tool", "two", {"x": 1}), Component("tool", "one")),
)
LOCK = Lock("1.2.3", "abc", ANSWERS, {"src/ä b.py": LockedFile("managed", "0" * 40)})


def written(root: Path, text: str) -> Path:
    (root / ".mcpforge").mkdir(parents=True)
    (root / locks.PATH).write_text(text, encoding="utf-8")
    return root


def normal(found: Answers) -> Answers:
    """Return the answers as the lock keeps them: sorted, and without empty options."""
    return replace(
        found,
        features=tuple(sorted(found.features)),
        options={key: values for key, values in found.options.items() if values},
        components=tuple(sorted(found.components, key=lambda item: (item.kind, item.name))),
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    loaded = locks.load(written(tmp_path, locks.dump(LOCK)))
    assert loaded == replace(LOCK, answers=normal(ANSWERS))
    assert locks.dump(loaded) == locks.dump(LOCK)


@given(answers(load()), st.dictionaries(texts(), st.sampled_from([LockedFile("seed", "f" * 40)])))
def test_any_answers_come_back(found: Answers, files: dict[str, LockedFile]) -> None:
    made = Lock("1.0", "hash", found, files)
    loaded = locks.parse(tomllib.loads(locks.dump(made)))
    assert loaded == replace(made, answers=normal(found))


@given(answers(load()), st.randoms())
def test_the_order_of_answers_leaves_no_trace(found: Answers, shuffle: Random) -> None:
    mixed = replace(
        found,
        features=tuple(shuffle.sample(found.features, len(found.features))),
        options=dict(list(found.options.items())[::-1]),
    )
    assert locks.dump(replace(LOCK, answers=mixed)) == locks.dump(replace(LOCK, answers=found))


@pytest.mark.parametrize("text", HOSTILE)
def test_the_lock_stays_readable_line_by_line(text: str) -> None:
    dumped = locks.dump(replace(LOCK, answers=replace(ANSWERS, title=text)))
    assert dumped.splitlines() == dumped.split("\n")[:-1]


def test_another_answer_is_another_digest() -> None:
    seen = {
        locks.digest(ANSWERS),
        locks.digest(replace(ANSWERS, title="x")),
        locks.digest(replace(ANSWERS, year=1999)),
        locks.digest(replace(ANSWERS, features=("a",))),
        locks.digest(replace(ANSWERS, options={})),
        locks.digest(replace(ANSWERS, components=())),
    }
    assert len(seen) == 6


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ('"demo"', '"other"', "lock_edited", "changed by hand"),
        ('    "a",\n', "", "lock_edited", "changed by hand"),
        ("year = 2026", 'year = "2026"', "lock_edited", "changed by hand"),
        ("schema = 1", "schema = 2", "lock_newer", "mcpforge 1.2.3, which is newer"),
        ("schema = 1", 'schema = "1"', "lock_broken", "can't be read"),
        ("schema = 1\n", "", "lock_broken", "can't be read"),
        ("[mcpforge]", "[mcpforeg]", "lock_broken", "can't be read"),
        ("features = [", "features = 5\nfeatuers = [", "lock_broken", "can't be read"),
        ("[files]", "[files", "lock_broken", "can't be read"),
        ("[files]", "[files]\nx = 5", "lock_broken", "can't be read"),
        ("[answers]", "[answers]\n<<<<<<< HEAD", "lock_conflict", "merge markers"),
        ("[files]", ">>>>>>> theirs\n[files]", "lock_conflict", "merge markers"),
        ("year = 2026", f"year = {'9' * 5000}", "lock_broken", "can't be read"),
    ],
)
def test_a_lock_that_was_changed_stops_the_verbs(
    tmp_path: Path, old: str, new: str, code: str, said: str
) -> None:
    text = locks.dump(LOCK)
    assert old in text
    with pytest.raises(ForgeError) as caught:
        locks.load(written(tmp_path, text.replace(old, new, 1)))
    assert caught.value.code == code
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\0", b"a = [" * 2000])
def test_anything_else_is_called_broken(tmp_path: Path, content: bytes) -> None:
    root = written(tmp_path, "")
    (root / locks.PATH).write_bytes(content)
    with pytest.raises(ForgeError) as caught:
        locks.load(root)
    assert caught.value.code == "lock_broken"


def test_the_root_is_found_from_any_folder_below(tmp_path: Path) -> None:
    root = written(tmp_path / "project", locks.dump(LOCK))
    inside = root / "src" / "deep"
    inside.mkdir(parents=True)
    assert locks.find(inside) == locks.find(root) == root
    for place in (tmp_path, root / "..", inside / "../../..", root / "nowhere"):
        with pytest.raises(ForgeError) as caught:
            locks.find(place)
        assert caught.value.code == "no_project"

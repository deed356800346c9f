"""What the lock keeps of a template: any answers, read back as they were."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from mcpforge.answers import Answers
from mcpforge.operations.foreign import flag_value, place_of, read_data, told_answers
from mcpforge.project import lock as locks
from mcpforge.project.lock import Lock
from mcpforge.project.origin import Origin
from mcpforge.tree import File

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(answers=st.dictionaries(TEXTS, VALUES, max_size=5), source=TEXTS, ref=TEXTS)
def test_any_answers_come_back(answers: dict[str, object], source: str, ref: str) -> None:
    origin = Origin(source, ref, "1.0.0-3-gabc", "1.0.0", ".a.yml", answers, ("token",))
    lock = Lock("1.0.0", "", Answers(name="x"), {}, origin=origin)
    text = locks.dump(lock)
    assert locks.parse(tomllib.loads(text)) == lock
    assert locks.dump(locks.parse(tomllib.loads(text))) == text


@given(name=st.from_regex(r"[a-z_]{1,9}", fullmatch=True), value=VALUES)
def test_any_answer_is_a_flag(name: str, value: object) -> None:
    assert read_data([f"{name}={flag_value(value)}"]) == {name: flag_value(value)}


@given(content=st.binary(max_size=40) | TEXTS.map(str.encode))
def test_any_pyproject_names_a_project(content: bytes) -> None:
    found = told_answers("folder", {"pyproject.toml": File(content)})
    assert found.name


def test_what_a_pyproject_says_is_taken() -> None:
    text = b'[project]\nname = "weather"\ndescription = "Tells it"\n'
    found = told_answers("folder", {"pyproject.toml": File(text)})
    assert (found.name, found.description) == ("weather", "Tells it")


def test_addresses_stay_as_they_are() -> None:
    assert place_of("gh:owner/name") == "gh:owner/name"
    assert place_of("https://example.org/x.git") == "https://example.org/x.git"

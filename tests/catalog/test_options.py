"""Option values are parsed by their declared type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpforge.catalog.manifest import Layer, Option
from mcpforge.catalog.options import find_option, parse_value
from mcpforge.errors import UsageError

OPTIONS = {
    "flag": Option("flag", "bool", default=False, help="A flag"),
    "count": Option("count", "int", 3, "A count", min=1, max=9),
    "least": Option("least", "int", 3, "At least", min=1),
    "most": Option("most", "float", 3.0, "At most", max=9),
    "large": Option("large", "int", 3, "Large", min=1, max=315_360_000),
    "part": Option("part", "float", 0.5, "Part", min=0.001),
    "rate": Option("rate", "float", 1.5, "A rate"),
    "text_value": Option("text_value", "str", "", "A text"),
    "many": Option("many", "list", (), "Many"),
    "kind": Option("kind", "choice", "a", "A kind", choices=("a", "b")),
}
FEATURE = Layer("thing", "group", "Thing", options=OPTIONS)


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [
        *(("flag", text, True) for text in ("true", "YES", "on", " 1 ", True)),
        *(("flag", text, False) for text in ("false", "No", "off", "0", False)),
        ("count", "9", 9),
        ("count", 1, 1),
        ("rate", "2", 2.0),
        ("rate", 2, 2.0),
        ("rate", "1e3", 1000.0),
        ("text_value", "a=b", "a=b"),
        ("text_value", "", ""),
        ("many", "a, b,,c ", ("a", "b", "c")),
        ("many", "", ()),
        ("many", '["a,b", "c"]', ("a,b", "c")),
        ("many", ["a"], ("a",)),
        ("kind", "b", "b"),
    ],
)
def test_good_values(name: str, value: object, parsed: object) -> None:
    found = parse_value(FEATURE, OPTIONS[name], value)
    assert found == parsed
    assert type(found) is type(parsed)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("flag", "maybe", "true or false"),
        ("flag", 1, "true or false"),
        ("count", "x", "a whole number from 1 to 9"),
        ("count", "1.5", "a whole number"),
        ("count", 1.0, "a whole number"),
        ("count", True, "a whole number"),
        ("count", "0", "from 1 to 9"),
        ("count", 10, "from 1 to 9"),
        ("least", 0, "a whole number of at least 1"),
        ("most", 9.5, "a number of at most 9"),
        ("large", 0, "a whole number from 1 to 315360000"),
        ("part", 0, "a number of at least 0.001"),
        ("rate", "nan", "a number"),
        ("rate", float("inf"), "a number"),
        ("rate", 10**400, "a number"),
        ("rate", "ten", "a number"),
        ("count", "9" * 5000, "a whole number"),
        ("text_value", 5, "text"),
        ("text_value", None, "text"),
        ("text_value", "\0", "text"),
        ("text_value", "\ud800", "text"),
        ("many", ["\ud800"], "texts"),
        ("many", "[1]", "JSON array"),
        ("many", "[broken", "JSON array"),
        ("many", [1], "JSON array"),
        ("many", {"a": 1}, "JSON array"),
        ("kind", "c", "one of a, b"),
        ("kind", ["a"], "one of a, b"),
    ],
)
def test_bad_values_say_what_is_expected(name: str, value: object, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_value(FEATURE, OPTIONS[name], value)
    assert caught.value.message.startswith(f"`thing.{name}` takes ")
    assert expected in caught.value.message
    assert caught.value.hint.endswith(".")
    assert len(caught.value.message) < 300


@given(
    st.sampled_from(sorted(OPTIONS)),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
        max_leaves=4,
    ),
)
def test_any_data_is_parsed_or_refused(name: str, value: Any) -> None:
    try:
        parsed = parse_value(FEATURE, OPTIONS[name], value)
    except UsageError:
        return
    assert parse_value(FEATURE, OPTIONS[name], parsed) == parsed


def test_names_may_be_written_with_dashes() -> None:
    assert find_option(FEATURE, "text-value") is OPTIONS["text_value"]


def test_an_unknown_option_has_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        find_option(FEATURE, "cuont")
    assert caught.value.hint.startswith("Did you mean `count`? Its options: `flag`")
    assert caught.value.code == "unknown_option"


def test_a_feature_without_options_says_so() -> None:
    with pytest.raises(UsageError, match="has no option `x`") as caught:
        find_option(Layer("bare", "group", "Bare"), "x")
    assert "none" in caught.value.hint

"""From words or an answers file to components."""

from __future__ import annotations

import json
import keyword
import tomllib
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpforge.answers import COMPONENT_LENGTH, Answers, Component, check_component_name
from mcpforge.catalog.catalog import Catalog, load
from mcpforge.errors import UsageError
from mcpforge.operations.choices import Request, decide
from mcpforge.operations.components import make_component, skeleton
from mcpforge.operations.schema import answers_schema
from mcpforge.project.lock import PATH
from mcpforge.render.project import render
from processes import files

if TYPE_CHECKING:
    from pathlib import Path

    from processes import CommandLine

ANSWERS = Answers(name="my-weather")


def read(catalog: Catalog, data: Any) -> tuple[Component, ...]:
    request = Request(name="my-weather", answers={"components": data})
    return decide(catalog, request, author="", year=2026).components


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("Forecast", "forecast"),
        ("getWeather", "get_weather"),
        ("HTTPCall2Do", "httpcall2_do"),
        ("größe", "groe"),
        ("прогноз", "my_tool"),
        ("", "my_tool"),
        ("_x", "x"),
        ("x_", "x"),
        ("a__b", "a_b"),
        ("1st", "tool_1st"),
        ("a b", "a_b"),
        ("a/b", "a_b"),
        ("a.py", "a_py"),
        ("class", "my_class"),
        ("match", "my_match"),
        ("print", "my_print"),
        ("json", "my_json"),
        ("tool", "my_tool"),
        ("client", "my_client"),
        ("x" * 31, "x" * 30),
        ("../../etc", "etc"),
    ],
)
def test_bad_names_get_a_good_suggestion(name: str, suggestion: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_component_name(name, "tool")
    assert caught.value.hint == f"Try `{suggestion}`."
    assert check_component_name(suggestion, "tool") == suggestion


@given(st.one_of(st.text(max_size=40), st.sampled_from(keyword.kwlist)))
def test_any_text_is_a_name_or_gets_one(name: str) -> None:
    for kind in load().components.values():
        try:
            good = check_component_name(name, kind.id, kind.reserved)
        except UsageError as error:
            good = error.hint.removeprefix("Try `").removesuffix("`.")
            assert check_component_name(good, kind.id, kind.reserved) == good
        assert good.isidentifier()
        assert len(good) <= COMPONENT_LENGTH


def test_dashes_are_underscores(catalog: Catalog) -> None:
    assert make_component("tool", "get-weather", {}, catalog, ANSWERS).name == "get_weather"


def test_defaults_are_not_recorded(catalog: Catalog) -> None:
    for kind, options in [
        ("tool", {"sync": "false"}),
        ("middleware", {"phase": "custom"}),
        ("resource", {"uri": ""}),
        ("resource", {"uri": "my-weather://x"}),
        ("prompt", {}),
        ("route", {}),
    ]:
        assert make_component(kind, "x", options, catalog, ANSWERS) == Component(kind, "x", {})
    made = make_component("tool", "x", {"sync": "yes"}, catalog, ANSWERS)
    assert made.options == {"sync": True}


@pytest.mark.parametrize(
    ("kind", "name", "options", "code"),
    [
        ("tools", "x", {}, "unknown_component"),
        ("tool", "X", {}, "usage"),
        ("tool", "x", {"uri": "x://y"}, "unknown_option"),
        ("tool", "x", {"sync": "maybe"}, "bad_value"),
        ("middleware", "x", {"phase": "never"}, "bad_value"),
        ("middleware", "middleware", {}, "usage"),
        ("route", "mcp", {}, "usage"),
        ("route", "ready", {}, "usage"),
        ("resource", "x", {"uri": "nowhere"}, "bad_uri"),
    ],
)
def test_what_is_wrong_is_refused(
    catalog: Catalog, kind: str, name: str, options: dict[str, object], code: str
) -> None:
    with pytest.raises(UsageError) as caught:
        make_component(kind, name, options, catalog, ANSWERS)
    assert caught.value.code == code


def test_the_skeleton_is_a_middleware_that_works(catalog: Catalog) -> None:
    made = skeleton({}, catalog, ANSWERS)
    assert made == Component("middleware", "custom_middleware")
    tree = render(Answers(name="weather", components=(made,)), catalog).tree
    assert "            CustomMiddleware(),\n" in tree["src/weather/server.py"].text


def test_an_answers_file_in_any_order(catalog: Catalog) -> None:
    data = [
        {"kind": "tool", "name": "b"},
        {"kind": "resource", "name": "r", "options": {"uri": "x://{id}"}},
        {"kind": "tool", "name": "a-b", "options": {"sync": True}},
    ]
    expected = (
        Component("resource", "r", {"uri": "x://{id}"}),
        Component("tool", "a_b", {"sync": True}),
        Component("tool", "b"),
    )
    assert read(catalog, data) == read(catalog, data[::-1]) == expected
    jsonschema.validate({"components": data}, answers_schema(catalog))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("tool x", "`components` must be a list"),
        (["x"], "component 1 must be a table"),
        ([{"name": "x"}], "component 1 needs a `kind`"),
        ([{"kind": "tool"}], "component 1 needs a `name`"),
        ([{"kind": "tool", "name": 1}], "component 1 needs a `name`"),
        ([{"kind": "tool", "name": "x", "option": {}}], "unknown key `option`"),
        ([{"kind": "tool", "name": "x", "options": []}], "`options` must be a table"),
        ([{"kind": "tool", "name": "x", "options": {"sink": True}}], "no option `sink`"),
        (
            [{"kind": "tool", "name": "x", "options": {"sync": 1}}],
            "`tool.sync` takes true or false",
        ),
        ([{"kind": "tool", "name": "X"}], "no name for a tool"),
        ([{"kind": "tool", "name": "a-b"}, {"kind": "tool", "name": "a_b"}], "`a_b` twice"),
    ],
)
def test_a_bad_answers_file_is_refused(catalog: Catalog, data: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(catalog, data)
    assert message in caught.value.message
    validator = jsonschema.Draft202012Validator(answers_schema(catalog))
    twice = "twice" in message
    assert twice or not validator.is_valid({"components": data})


def test_the_command_that_is_shown_makes_the_same(cli: CommandLine, tmp_path: Path) -> None:
    import shlex

    data = {
        "components": [{"kind": "tool", "name": "x", "options": {"sync": True}}],
        "license": "none",
    }
    (tmp_path / "answers.json").write_text(json.dumps(data), encoding="utf-8")
    done = cli("new", "first", "--answers", "answers.json", "--no-git", "--json")
    assert done.code == 0, done.err
    words = shlex.split(done.json["data"]["command"])
    assert words[:3] == ["mcpforge", "new", "first"]
    first = files(tmp_path / "first")
    (tmp_path / "first").rename(tmp_path / "kept")
    again = [word.replace("first/", "kept/") for word in words[1:]]
    assert cli(*again, "--yes").code == 0
    assert files(tmp_path / "first") == first
    lock = tomllib.loads(first[PATH].decode())
    assert lock["answers"]["components"] == [
        {"kind": "tool", "name": "x", "options": {"sync": True}}
    ]

"""The rules for names and texts."""

from __future__ import annotations

import keyword
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpforge.answers import (
    NAME_LENGTH,
    TEXT_LENGTH,
    Answers,
    check_choice,
    check_name,
    check_text,
    default_title,
    environment_prefix,
    package_name,
)
from mcpforge.errors import UsageError
from strategies import LONG, SHORT, allowed, names


@given(names())
def test_an_allowed_name_gives_an_importable_package(name: str) -> None:
    package = Answers(name).package
    assert package.isidentifier()
    assert not keyword.iskeyword(package)
    assert package not in sys.stdlib_module_names
    assert re.fullmatch(r"[A-Z][A-Z0-9_]*_", Answers(name).env_prefix)
    assert default_title(name).strip()


@given(st.text(max_size=60))
def test_any_other_text_is_refused_with_one_sentence(text: str) -> None:
    try:
        assert check_name(text) == text
    except UsageError as error:
        assert "\n" not in error.message.replace(text, "")
        assert error.hint


@given(st.text(min_size=1, max_size=60))
def test_a_suggested_name_is_allowed(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_name(f"{text}!")
    suggested = re.search(r"`--name (.+)`", caught.value.hint)
    assert suggested
    assert allowed(suggested[1])


@pytest.mark.parametrize(
    "name", [SHORT, LONG, "a.b", "A-1", "x_y.z-w", "python-3", "python.tools", "activated"]
)
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "-a", "a-", "a b", "ä", "1a", "a" * (NAME_LENGTH + 1), "class", "Import", "os"),
        *("JSON", "fastmcp", "mcp", "test", "FastMCP", "a/b", "a\n", "..", "_a", "a_"),
    ],
)
def test_bad_names(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


def test_names_of_dependencies_are_taken() -> None:
    with pytest.raises(UsageError, match="already the name of a module"):
        check_name("Some-Lib", {"some_lib"})


@pytest.mark.parametrize(
    ("package", "prefix"),
    [
        ("weather", "WEATHER_"),
        ("git", "APP_GIT_"),
        ("git_tools", "APP_GIT_TOOLS_"),
        ("digits", "DIGITS_"),
        ("aws_costs", "APP_AWS_COSTS_"),
    ],
)
def test_variables_do_not_collide_with_those_of_other_programs(package: str, prefix: str) -> None:
    assert environment_prefix(package) == prefix


def test_the_package_is_normalised() -> None:
    assert package_name("My--Server._x") == "my_server_x"


@pytest.mark.parametrize("text", ["\0", "a\x1bb", "\ud800", "x" * (TEXT_LENGTH + 1), "\x7f"])
def test_texts_that_no_file_should_hold(text: str) -> None:
    with pytest.raises(UsageError, match="--title"):
        check_text(text, "--title")


@pytest.mark.parametrize("text", ["", "a\nb\tc\r\n", "{{ x }}", '"""', "👩\u200d💻", "\u2028"])
def test_texts_of_any_other_kind(text: str) -> None:
    assert check_text(text, "--title") == text


def test_a_choice_names_what_is_allowed() -> None:
    assert check_choice("MIT", ["MIT"], "--license") == "MIT"
    with pytest.raises(UsageError) as caught:
        check_choice("GPL", ["MIT", "none"], "--license")
    assert "MIT, none" in caught.value.hint


@pytest.mark.parametrize(
    "name",
    [
        *("rich", "click", "Requests", "yaml", "jwt", "packaging", "google", "azure", "attr"),
        *("opentelemetry", "pluggy", "certifi", "websockets", "pyjwt", "PyYAML"),
        *("build", "dist", "venv", "node-modules"),
    ],
)
def test_a_package_may_not_hide_what_dependencies_need_nor_be_passed_over(name: str) -> None:
    with pytest.raises(UsageError, match=f"`{package_name(name)}` is ") as caught:
        check_name(name)
    assert caught.value.hint == f"Try `--name {name}-server`."


@pytest.mark.parametrize(
    "name", ["python", "Python3", "python3.12", "activate", "py.test", "pygmentize", "dmypy"]
)
def test_a_command_may_not_take_the_place_of_another(name: str) -> None:
    with pytest.raises(UsageError, match="is already a command") as caught:
        check_name(name)
    assert caught.value.hint == f"Try `--name {name}-server`."


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        (" json ", "json-server"),
        ("_pytest", "pytest-server"),
        ("import!", "import-server"),
        ("Żółw", "Zow"),
        ("ｗeather", "weather"),
        ("1 bad", "mcp-1-bad"),
        ("日本", "my-server"),
    ],
)
def test_a_suggestion_may_be_taken_as_it_stands(name: str, suggested: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_name(name)
    assert caught.value.hint == f"Try `--name {suggested}`."
    assert check_name(suggested) == suggested


def test_a_suggestion_keeps_clear_of_the_catalogue_too() -> None:
    with pytest.raises(UsageError, match="no name") as caught:
        check_name("some lib", {"some_lib"})
    assert caught.value.hint == "Try `--name some-lib-server`."

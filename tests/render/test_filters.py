"""Every filter gives a text that its format reads back as the value."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mcpforge.characters import CONTROL, fold
from mcpforge.render import filters
from strategies import HOSTILE, texts

any_text = st.one_of(texts(), st.text(st.characters(exclude_categories=["Cs"])))


def plain(text: str) -> str:
    """Return what Markdown shows: the text of all inline tokens."""
    return "".join(
        child.content if child.type in ("text", "text_special") else f"<{child.type}>"
        for token in MarkdownIt().parse(text)
        for child in token.children or ()
    )


@given(any_text)
def test_toml_strings(text: str) -> None:
    assert tomllib.loads(f"x = {filters.toml_string(text)}") == {"x": text}


@given(
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        st.lists(any_text, max_size=4),
    )
)
def test_toml_values(value: object) -> None:
    read = tomllib.loads(f"x = {filters.toml_string(value)}")["x"]
    assert read == value
    assert type(read) is type(value)


@given(st.one_of(any_text, st.from_regex("[a-z-]{1,9}", fullmatch=True)))
def test_toml_keys(text: str) -> None:
    assert tomllib.loads(f"{filters.toml_key(text)} = 1") == {text: 1}


def test_plain_toml_keys_stay_bare() -> None:
    assert filters.toml_key("a-b_1") == "a-b_1"


@given(any_text)
def test_yaml_strings(text: str) -> None:
    assert yaml.safe_load(f"x: {filters.yaml_string(text)}") == {"x": text}


@given(any_text)
def test_json_strings(text: str) -> None:
    assert json.loads(filters.json_string(text)) == text


@given(any_text)
def test_oneline_is_one_line(text: str) -> None:
    assert len(filters.oneline(text).splitlines()) <= 1


@given(any_text)
@example("# x #")
@example("-")
@example("1) x")
@example("===")
@example("    code")
@example("www.example.org <https://example.org>")
def test_markdown_shows_exactly_the_text(text: str) -> None:
    folded = fold(text)
    assert plain(f"before\n\n{filters.markdown(text)}\n\nafter") == f"before{folded}after"
    assert plain(f"# {filters.markdown(text)}\n") == folded
    tokens = [token.type for token in MarkdownIt().parse(filters.markdown(text))]
    assert tokens == (["paragraph_open", "inline", "paragraph_close"] if folded else [])


@given(any_text)
@settings(max_examples=20)
def test_shell_words(text: str) -> None:
    text = CONTROL.sub("", text)
    assert shlex.split(filters.shell(text)) == [text]
    done = subprocess.run(
        ["sh", "-c", f"printf %s {filters.shell(text)}"], capture_output=True, check=True
    )
    assert done.stdout.decode() == text


@given(any_text.filter(lambda text: bool(fold(text))))
def test_an_author_is_a_table_with_the_whole_text(text: str) -> None:
    table = tomllib.loads(f"x = {filters.author_table(text)}")["x"]
    assert table.keys() <= {"name", "email"}
    folded = fold(text)
    shown = f"{table.get('name', '')} <{table['email']}>" if "email" in table else table["name"]
    assert shown.replace(" ", "") == folded.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("Ada <ada@example.org>", {"name": "Ada", "email": "ada@example.org"}),
        ("<ada@example.org>", {"email": "ada@example.org"}),
        ('A "B" C <a+b@x.org> ', {"name": 'A "B" C', "email": "a+b@x.org"}),
        ("Ada", {"name": "Ada"}),
        ("Ada <no mail>", {"name": "Ada <no mail>"}),
        ("Ada\nLovelace", {"name": "Ada Lovelace"}),
    ],
)
def test_authors(text: str, table: dict[str, str]) -> None:
    assert tomllib.loads(f"x = {filters.author_table(text)}")["x"] == table


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_a_formatter_would_change_is_written(text: str) -> None:
    for made in (filters.toml_string(text), filters.yaml_string(text), filters.markdown(text)):
        assert "\n" not in made
        assert not re.search(r"[\x00-\x1f]", made)

"""The one Jinja environment: strict and sandboxed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mcpforge.errors import ForgeError
from mcpforge.render.environment import is_template, render_text


def test_text_without_marks_is_copied() -> None:
    assert render_text("a { b } $ % #\n", {}, "x") == "a { b } $ % #\n"
    assert not is_template("{ }")


def test_a_value_is_not_rendered_again() -> None:
    value = "{{ 7 * 7 }}{% if x %}{# #}"
    assert render_text("{{ v }}", {"v": value}, "x") == value


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a\n{{ missing }}", "here"),
        ("{{ v.missing }}", "here"),
        ("a\n{% if %}", "here, line 2"),
        ("{{ v | nofilter }}", "here, line 1"),
        ("{{ ''.__class__.__mro__ }}", "here"),
        ("{% set _ = v.append(1) %}", "here"),
        ("{{ open }}", "here"),
    ],
)
def test_what_a_template_must_not_do(text: str, where: str) -> None:
    with pytest.raises(ForgeError) as caught:
        render_text(text, {"v": [1]}, "here")
    assert caught.value.code == "template"
    assert where in caught.value.message


def test_an_attribute_is_judged_by_the_type_that_has_it() -> None:
    for _ in range(2):
        with pytest.raises(ForgeError):
            render_text("{{ v.update }}", {"v": {}}, "x")
        assert render_text("{{ v.update }}", {"v": SimpleNamespace(update="free")}, "x") == "free"


def test_plain_names_and_full_templates_agree() -> None:
    context = {"package": "my_pkg", "env_prefix": "MY_"}
    assert render_text("{{ package }}-{{ env_prefix }}\n", context, "x") == "my_pkg-MY_\n"
    assert render_text("{{ package }}{% if 1 %}{{ package }}{% endif %}.\n", context, "x") == (
        "my_pkgmy_pkg.\n"
    )

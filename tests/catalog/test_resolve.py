"""From explicit choices to the ordered selection, or a reasoned refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogs import Table, make_catalog
from mcpforge.catalog.catalog import load
from mcpforge.catalog.resolve import option_values, resolve
from mcpforge.errors import ForgeError, UsageError
from strategies import features

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog

GROUPS: dict[str, dict[str, Table]] = {
    "auth": {
        "proxy": {"requires-group": {"store": "memory"}},
        "hub": {"kind": "provider", "requires": ["proxy"]},
        "lab": {"kind": "provider", "requires": ["proxy"]},
        "token": {},
    },
    "store": {
        "memory": {},
        "disk": {"requires": ["shared"]},
        "shared": {"internal": True},
    },
    "extra": {
        "first": {"after": ["second"]},
        "second": {"after": ["token"]},
        "loner": {"excludes": ["first", "proxy"]},
        "ring-a": {"after": ["ring-b"]},
        "ring-b": {"after": ["ring-a"]},
        "knot-a": {"requires": ["knot-b"]},
        "knot-b": {"requires": ["knot-a"]},
        "chain": {"requires": ["hub"]},
    },
}


@pytest.fixture
def small(tmp_path: Path) -> Catalog:
    return make_catalog(
        tmp_path,
        GROUPS,
        group_data={
            "store": {"takes": "one", "order": 0},
            "auth": {"order": 1},
            "extra": {"order": 2},
        },
    )


def test_nothing_chosen(small: Catalog) -> None:
    selection = resolve(small, [])
    assert selection.ids == ()
    assert selection.implied_by == {}
    assert not selection.holds("auth")


def test_requirements_come_along_and_say_why(small: Catalog) -> None:
    selection = resolve(small, ["chain"])
    assert selection.ids == ("memory", "proxy", "hub", "chain")
    assert selection.implied_by == {"hub": ("chain",), "proxy": ("hub",), "memory": ("proxy",)}


def test_what_is_chosen_is_never_called_implied(small: Catalog) -> None:
    assert resolve(small, ["hub", "proxy", "memory"]).implied_by == {}


def test_another_member_satisfies_a_needed_group(small: Catalog) -> None:
    selection = resolve(small, ["hub", "disk"])
    assert selection.ids == ("disk", "proxy", "hub")
    assert selection.implied_by == {"proxy": ("hub",)}


def test_what_members_of_a_single_choice_share_fills_no_choice(small: Catalog) -> None:
    selection = resolve(small, ["disk"])
    assert [feature.id for feature in selection.features] == ["shared", "disk"]
    assert selection.ids == ("disk",)
    assert small.single_choice(small.feature("shared")) == ""


def test_following_orders_but_brings_nothing(small: Catalog) -> None:
    assert resolve(small, ["first", "second", "token"]).ids == ("token", "second", "first")
    assert resolve(small, ["first"]).ids == ("first",)


def test_a_selection_knows_features_and_groups(small: Catalog) -> None:
    selection = resolve(small, ["disk"])
    assert selection.holds("disk")
    assert selection.holds("store")
    assert not selection.holds("memory")


@pytest.mark.parametrize(
    ("chosen", "code", "said"),
    [
        (["memory", "disk"], "single_choice", "a project has one store"),
        (["hub", "lab"], "single_choice", "a project has one auth provider"),
        (["chain", "lab"], "single_choice", "(`hub` is implied by `chain`)"),
        (["loner", "first"], "excluded", "exclude each other"),
        (["loner", "hub"], "excluded", "(`proxy` is implied by `hub`)"),
        (["nohting"], "unknown_feature", "`nohting` is unknown"),
    ],
)
def test_refusals_have_their_reason(
    small: Catalog, chosen: list[str], code: str, said: str
) -> None:
    for order in (chosen, chosen[::-1]):
        with pytest.raises(UsageError) as caught:
            resolve(small, order)
        assert caught.value.code == code
        assert said in caught.value.message
        assert caught.value.hint


@pytest.mark.parametrize("chosen", [["ring-a", "ring-b"], ["knot-a"], ["knot-b"]])
def test_a_circle_is_refused(small: Catalog, chosen: list[str]) -> None:
    with pytest.raises(ForgeError) as caught:
        resolve(small, chosen)
    assert caught.value.code == "cycle"


@given(st.data())
def test_the_order_of_choices_does_not_matter(data: st.DataObject) -> None:
    catalog = load()
    chosen = data.draw(features(catalog))
    mixed = data.draw(st.permutations(chosen))
    assert resolve(catalog, mixed) == resolve(catalog, chosen)
    assert resolve(catalog, [*mixed, *chosen]) == resolve(catalog, chosen)


@given(st.data())
def test_a_selection_is_closed(data: st.DataObject) -> None:
    catalog = load()
    chosen = data.draw(features(catalog))
    selection = resolve(catalog, chosen)
    assert set(selection.ids) == set(chosen) | selection.implied_by.keys()
    assert not set(chosen) & selection.implied_by.keys()
    placed: list[str] = []
    for feature in selection.features:
        assert set(feature.requires) <= set(placed)
        assert not set(feature.excludes) & set(selection.ids)
        for group in feature.requires_group:
            assert selection.holds(group)
        placed.append(feature.id)
    assert resolve(catalog, selection.ids).ids == selection.ids


def test_given_options_beat_defaults(tmp_path: Path) -> None:
    option: Table = {"type": "int", "default": 1, "help": "N"}
    made = make_catalog(tmp_path, {"g": {"f": {"options": {"a": option, "b": option}}}})
    assert option_values(made.feature("f"), {"b": 2}) == {"a": 1, "b": 2}


def test_who_implied_something_is_never_internal() -> None:
    catalog = load()
    internal = {feature.id for feature in catalog.features.values() if feature.internal}
    for feature in catalog.offered:
        implied = resolve(catalog, [feature.id]).implied_by
        assert not internal & {origin for origins in implied.values() for origin in origins}
        assert all(implied.values())

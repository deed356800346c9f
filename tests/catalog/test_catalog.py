"""Looking up what can be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalogs import Table, make_catalog
from mcpforge.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog


@pytest.fixture
def small(tmp_path: Path) -> Catalog:
    return make_catalog(
        tmp_path,
        {"many": {"one": {"kind": "provider"}, "two": {}}, "single": {"three": {}}},
        group_data={"many": {"order": 2}, "single": {"takes": "one", "order": 1}},
        presets={
            "base": {"summary": "B", "features": ["two"]},
            "full": {"summary": "F", "extends": "base", "features": ["one", "two"]},
        },
    )


def test_groups_come_in_their_order(small: Catalog) -> None:
    assert list(small.groups) == ["single", "many"]


def test_members(small: Catalog) -> None:
    assert [feature.id for feature in small.members("many")] == ["one", "two"]


def test_presets_extend_each_other(small: Catalog) -> None:
    assert small.preset("full") == ("two", "one")
    assert small.preset("minimal") == ()


def test_what_only_one_can_fill(small: Catalog) -> None:
    filled = {name: small.single_choice(small.feature(name)) for name in small.features}
    assert filled == {"one": "many provider", "two": "", "three": "single"}


@pytest.mark.parametrize(
    ("look_up", "name", "code"),
    [
        ("feature", "tow", "unknown_feature"),
        ("group", "mayn", "unknown_group"),
        ("preset", "ful", "unknown_preset"),
    ],
)
def test_unknown_names_have_a_suggestion(
    small: Catalog, look_up: str, name: str, code: str
) -> None:
    with pytest.raises(UsageError) as caught:
        getattr(small, look_up)(name)
    assert caught.value.hint.startswith("Did you mean `")
    assert caught.value.code == code


def test_every_preset_of_the_real_catalogue_resolves(catalog: Catalog) -> None:
    from mcpforge.catalog.resolve import resolve

    for name in catalog.presets:
        assert set(catalog.preset(name)) <= set(resolve(catalog, catalog.preset(name)).ids)


def test_an_empty_group_is_no_error(tmp_path: Path) -> None:
    assert make_catalog(tmp_path, {"empty": dict[str, Table]()}).members("empty") == []

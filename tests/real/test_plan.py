"""The plan of real projects covers what it should, in few projects."""

from __future__ import annotations

import pytest

from mcpforge.catalog.catalog import Catalog
from real import cover

pytestmark = pytest.mark.real


def test_is_small_and_every_name_differs() -> None:
    plan = cover.plan()
    assert len(plan) <= cover.MOST
    packages = {case.name.lower().replace("-", "_").replace(".", "_") for case in plan}
    assert len(packages) == len(plan)
    assert {len(name) for name in cover.NAMES} >= {1, 40}


def test_has_every_feature_and_preset(catalog: Catalog) -> None:
    plan = cover.plan()
    assert frozenset().union(*(case.chosen for case in plan)) == catalog.features.keys()
    assert {case.preset for case in plan} - {""} == catalog.presets.keys()


def test_has_every_option_value(catalog: Catalog) -> None:
    found = {
        (feature, name, str(values[name]))
        for case in cover.plan()
        for feature, values in case.options.items()
        for name in values
    }
    wanted = {
        (feature, name, str(value))
        for (feature, name), values in cover.wanted_values(catalog).items()
        for value in values
    }
    assert found == wanted


def test_has_every_pair(catalog: Catalog) -> None:
    left = cover.Cover(catalog)
    for case in cover.plan():
        left.take(case.chosen)
    pairs, apart = left.missing()
    assert pairs == 0
    # With many providers and stores there is no room for "one without the other" of all of them.
    assert apart == 0 or len(cover.plan()) == cover.MOST

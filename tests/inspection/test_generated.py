"""The projects that mcpforge makes have no finding, whatever is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.inspection.inspect import inspect_tree
from mcpforge.render.project import render
from strategies import answers, compatible

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = load()


def findings(found: Answers, root: Path) -> list[str]:
    for path, file in render(found, CATALOG).tree.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    return [f"{f.path}:{f.line} {f.code} {f.message}" for f in inspect_tree(root)]


@pytest.mark.parametrize("preset", sorted(CATALOG.presets))
def test_presets(tmp_path: Path, preset: str) -> None:
    features = tuple(CATALOG.presets[preset]["features"])
    assert findings(Answers(name="weather", features=features), tmp_path) == []


@pytest.mark.parametrize("feature", sorted(CATALOG.features))
def test_every_feature(tmp_path: Path, feature: str) -> None:
    chosen = compatible(CATALOG, [feature])
    assert findings(Answers(name="weather", features=chosen), tmp_path) == []


def test_everything_that_goes_together(tmp_path: Path) -> None:
    chosen = compatible(CATALOG, sorted(CATALOG.features))
    assert findings(Answers(name="mcp-weather", features=chosen), tmp_path) == []


@given(answers(CATALOG))
@settings(max_examples=15)
def test_any_choice(tmp_path_factory: pytest.TempPathFactory, found: Answers) -> None:
    assert findings(found, tmp_path_factory.mktemp("any")) == []

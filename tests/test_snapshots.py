"""Whole projects as real files under `snapshots/`, compared byte by byte.

`MCPFORGE_SNAPSHOTS=write uv run pytest tests/test_snapshots.py` writes them anew; CI can't.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mcpforge import __version__
from mcpforge.answers import Answers
from mcpforge.catalog.resolve import resolve
from mcpforge.errors import ForgeError
from mcpforge.operations.new import prepare
from mcpforge.project.lock import PATH as LOCK
from processes import files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mcpforge.catalog.catalog import Catalog

FOLDER = Path(__file__).with_name("snapshots")
WRITE = os.environ.get("MCPFORGE_SNAPSHOTS") == "write"
CI = bool(os.environ.get("CI") or os.environ.get("MCPFORGE_REQUIRE_SERVICES"))


def most(catalog: Catalog, first: Iterable[str]) -> tuple[str, ...]:
    """Return all features that go together, these first and then by id."""
    chosen: list[str] = []
    for identifier in (*first, *sorted(catalog.features)):
        if catalog.features[identifier].internal:
            continue
        try:
            resolve(catalog, (*chosen, identifier))
        except ForgeError:
            continue
        chosen.append(identifier)
    return tuple(sorted(set(chosen)))


def cases(catalog: Catalog) -> dict[str, Answers]:
    """Return the snapshots: the presets, a sign-in, a store, and everything at once."""
    features = {
        **{preset: catalog.preset(preset) for preset in catalog.presets},
        "oauth": ("github",),
        "storage": ("filetree",),
        "everything": most(catalog, catalog.preset(list(catalog.presets)[-1])),
    }
    return {
        case: Answers(
            name=f"{case}-server",
            title=f"{case.title()} Server",
            description=f"An MCP server with {case}.",
            author="Ada Lovelace <ada@example.com>",
            features=tuple(sorted(chosen)),
        )
        for case, chosen in features.items()
    }


CASES = ("minimal", "standard", "production", "oauth", "storage", "everything")


def rendered(case: str, catalog: Catalog) -> dict[str, bytes]:
    """Return the files of a case: what the project holds, and its lock without versions."""
    plan = prepare(Path(case), cases(catalog)[case], catalog).plan
    found = {change.path: change.content for change in plan.changes}
    lock = next(change.content for change in plan.state if change.path == LOCK)
    found[LOCK] = _without_versions(lock, catalog)
    return found


def _without_versions(lock: bytes, catalog: Catalog) -> bytes:
    text = lock.decode().replace(f'"{catalog.hash}"', '"TEMPLATES"')
    return re.sub(
        f'(?m)^version = "{re.escape(__version__)}"$', 'version = "VERSION"', text
    ).encode()


def test_the_cases_are_complete(catalog: Catalog) -> None:
    assert set(CASES) == cases(catalog).keys()
    if not WRITE:
        assert {path.name for path in FOLDER.iterdir()} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_snapshot(case: str, catalog: Catalog) -> None:
    wanted = rendered(case, catalog)
    folder = FOLDER / case
    if WRITE:
        assert not CI, "MCPFORGE_SNAPSHOTS=write is for people, not for CI"
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in wanted.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    held = files(folder)
    different = sorted(
        path for path in wanted.keys() | held.keys() if wanted.get(path) != held.get(path)
    )
    assert different == [], "MCPFORGE_SNAPSHOTS=write writes them anew; then look at the git diff"

"""Every edit script × every feature added and taken out, on files as mcpforge renders them."""

from __future__ import annotations

import io
import os
import sys
import tokenize
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from edit_scripts import EDITS, TOUCHING
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.errors import UsageError
from mcpforge.merge import checks
from mcpforge.merge.driver import merge
from mcpforge.merge.kinds import kind_of
from mcpforge.render.project import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.merge.kinds import Kind

SHARE = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "search" else 16
QUICK = 8  # of the share, one in so many is not slow
# Scripts that change more where there is more: edit(theirs) is not the answer.
LOOSE = {
    "extracted list",
    "absolute imports",
    "changed bodies",
    "uv add many",
    "everything",
}


@cache
def _texts(features: frozenset[str]) -> dict[str, str]:
    answers = Answers(
        name="demo-server",
        title="Demo",
        description="A demo.",
        author="Ada <ada@example.org>",
        features=tuple(sorted(features)),
    )
    tree = render(answers, load()).tree
    return {path: file.text for path, file in tree.items() if file.ownership == "managed"}


@cache
def cells() -> dict[tuple[str, str, str], tuple[str, str]]:
    """Return each distinct (path, base, theirs) once, with the features that make it."""
    catalog = load()
    found: dict[tuple[str, str, str], tuple[str, str]] = {}
    for preset in ("minimal", "production"):
        start = frozenset(catalog.preset(preset)).intersection(catalog.features)
        for feature in sorted(catalog.features):
            try:
                other = _texts(start ^ {feature})
            except UsageError:
                continue
            first = _texts(start)
            for old, new, sign in ((first, other, "to"), (other, first, "from")):
                for path in sorted(old.keys() & new.keys()):
                    if old[path] != new[path]:
                        key = (path, old[path], new[path])
                        found.setdefault(key, (preset, f"{sign} {preset} with {feature} switched"))
    return found


def _sampled(name: str, *, slow: bool) -> Iterator[tuple[str, str, str]]:
    """Return one in SHARE of the cells of each path, other ones for each script."""
    seen: Counter[str] = Counter()
    for path, base, theirs in cells():
        turn, left = divmod(seen[path] + crc32(f"{name} {path}".encode()), SHARE)
        if left == 0 and slow == bool(turn % QUICK):
            yield path, base, theirs
        seen[path] += 1


def _words(kind: Kind, text: str) -> Counter[str]:
    if kind != "python":
        return Counter(text.split())
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(t.string for t in tokens if t.string.strip() and t.string not in "(),[]")


@pytest.mark.parametrize(
    "slow",
    [pytest.param(False, id="some"), pytest.param(True, id="more", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("name", EDITS)
def test_edits_survive_and_features_arrive(name: str, slow: bool) -> None:
    edit = EDITS[name]
    count: Counter[str] = Counter()
    for path, base, theirs in _sampled(name, slow=slow):
        ours = edit(path, base)
        if ours == base:
            continue
        kind = kind_of(path)
        merged = merge(path, base, ours, theirs)
        count["all"] += 1
        count["conflict" if merged.conflicts else merged.how] += 1
        if merged.conflicts:
            assert name in TOUCHING, merged.conflicts[0].description
            continue
        plain = merged.text.replace("\r\n", "\n")
        assert checks.parses(kind, plain)
        ideal = edit(path, theirs)
        _assert_nothing_lost(kind, base, ours, merged.text, ideal if kind != "prose" else ours)
        if kind != "prose" and name not in LOOSE:
            assert checks.facts(kind, plain) == checks.facts(kind, ideal.replace("\r\n", "\n"))
        if kind != "prose":
            assert merge(path, base, merged.text, theirs).text == merged.text
    share = 100 * (1 - count["conflict"] / max(count["all"], 1))
    sys.stdout.write(f"\n{name:26}{dict(count)} {share:.1f} % without conflict\n")
    assert name in TOUCHING or not count["conflict"]


def _assert_nothing_lost(kind: Kind, base: str, ours: str, merged: str, ideal: str) -> None:
    """Every word that the user added is there, but for what goes with what the templates drop."""
    mine = _words(kind, ours) - _words(kind, base)
    gone = Counter() if ideal == ours else _words(kind, ours) - _words(kind, ideal)
    assert not mine - gone - _words(kind, merged)

"""Law 1: same answers, same bytes, wherever and by whomever they are rendered."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.render.project import render
from processes import SOURCE, files, mcpforge
from strategies import HOSTILE, answers, compatible

if TYPE_CHECKING:
    from pathlib import Path


@given(answers(load()), st.randoms())
def test_the_order_of_choices_does_not_matter(found: Answers, shuffle: Random) -> None:
    catalog = load()
    mixed = replace(
        found,
        features=tuple(shuffle.sample(found.features, len(found.features))),
        options={
            feature: dict(list(values.items())[::-1])
            for feature, values in list(found.options.items())[::-1]
        },
    )
    first, second = render(found, catalog).tree, render(mixed, catalog).tree
    assert first == second
    assert list(first) == list(second) == sorted(first)


def test_nothing_of_the_machine_gets_in(tmp_path: Path) -> None:
    catalog = load()
    data = {
        "name": "demo",
        "title": " ".join(HOSTILE)[:1000],
        "description": HOSTILE[5],
        "author": "Ünï <u@example.org>",
        "year": 2024,
        "features": compatible(catalog, sorted(catalog.features)),
    }
    (tmp_path / "answers.json").write_text(json.dumps(data), encoding="utf-8")
    machines: list[tuple[str, dict[str, str], int]] = [
        ("a", {"TZ": "Asia/Kolkata", "PYTHONHASHSEED": "1"}, 0o022),
        ("b", {"TZ": "America/Lima", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"}, 0o022),
        ("c d/é", {"LC_ALL": "C", "PYTHONUTF8": "0", "HOME": "/nonexistent"}, 0o077),
        ("e", {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONOPTIMIZE": "2"}, 0o002),
    ]
    trees = []
    for folder, environment, mask in machines:
        (tmp_path / folder).mkdir(parents=True)
        command = (
            "new",
            "demo",
            "--answers",
            str(tmp_path / "answers.json"),
            "--no-env",
            "--no-git",
        )
        done = mcpforge(*command, cwd=tmp_path / folder, env=environment, umask=mask)
        assert done.returncode == 0, done.stderr
        trees.append(files(tmp_path / folder / "demo"))
    assert len(trees[0]) > 100
    for tree in trees[1:]:
        assert tree == trees[0]


def test_rendering_asks_the_system_for_nothing() -> None:
    code = """
import sys
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.render.project import render
catalog = load()
answers = Answers("demo", features=catalog.preset("production"))
first = render(answers, catalog).tree
seen = []
sys.addaudithook(lambda event, arguments: seen.append((event, arguments)))
second = render(answers, catalog).tree
assert first == second
bad = [e for e in seen if e[0].startswith(("open", "os.", "socket.", "subprocess", "import"))]
print(bad)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stderr

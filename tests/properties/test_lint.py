"""What is rendered is as ruff leaves it, for all pairs of features and all option values."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.catalog.resolve import resolve
from mcpforge.errors import UsageError
from mcpforge.render.project import render
from strategies import HOSTILE, LONG, SHORT, answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mcpforge.catalog.manifest import Option
    from mcpforge.tree import Tree

CATALOG = load()


def together(count: int) -> Iterator[tuple[str, ...]]:
    """Return every so many features that go together."""
    for chosen in itertools.combinations(CATALOG.features, count):
        try:
            resolve(CATALOG, chosen)
        except UsageError:
            continue
        yield chosen


def some_values(option: Option) -> list[Any]:
    """Return every value of a small type, and the bounds of a large one."""
    match option.type:
        case "bool":
            return [True, False]
        case "choice":
            return list(option.choices)
        case "list":
            return [(), ("a",), ("a", "b", "c" * 60)]
        case "int" | "float":
            return [
                value for value in (option.min, option.max, option.default) if value is not None
            ]
        case _:
            return [option.default]


def chosen_answers(count: int) -> Iterator[Answers]:
    """Return answers that between them hold every so many features, and hostile texts."""
    for number, chosen in enumerate(together(count)):
        text = HOSTILE[number % len(HOSTILE)]
        yield Answers(
            (SHORT, LONG)[number % 2], title=text, description=text, author=text, features=chosen
        )


def other_answers() -> Iterator[Answers]:
    """Return answers that between them hold every option value, preset and length of name."""
    for name, preset in itertools.product((SHORT, LONG), CATALOG.presets):
        yield Answers(name, title=name, description=name, features=CATALOG.preset(preset))
    for feature in CATALOG.features.values():
        for option in feature.options.values():
            for value in some_values(option):
                options = {feature.id: {option.name: value}}
                yield Answers(LONG, features=(feature.id,), options=options)


@pytest.mark.parametrize(
    "counts",
    [pytest.param((0, 1), id="each"), pytest.param((0, 1, 2), id="pairs", marks=pytest.mark.slow)],
)
def test_ruff_has_nothing_to_say(tmp_path: Path, counts: tuple[int, ...]) -> None:
    """One run of each ruff command over all distinct texts.

    Each text keeps its place in the project, which decides about imports and rules; texts that
    differ get projects of their own.
    """
    seen: set[tuple[str, bytes]] = set()

    def collect(found: Answers) -> None:
        tree = render(found, CATALOG).tree
        fresh = {path for path, file in tree.items() if (path, file.content) not in seen}
        fresh = {path for path in fresh if path.endswith(".py")}
        if fresh:
            root = tmp_path / str(len(list(tmp_path.iterdir())))
            write(root, tree, fresh)
            seen.update((path, tree[path].content) for path in fresh)

    for found in itertools.chain(*map(chosen_answers, counts), other_answers()):
        collect(found)
    searching = settings(max_examples=40, suppress_health_check=list(HealthCheck))
    searching(given(answers(CATALOG))(collect))()
    assert len(seen) > 200
    assert ruff(tmp_path, "check", "--no-fix") == []
    for length in ("100", "120"):
        assert ruff(tmp_path, "format", "--check", "--line-length", length) == []


def write(root: Path, tree: Tree, wanted: set[str]) -> None:
    """Write the wanted files and the configuration, stubs in place of the other modules."""
    for path, file in tree.items():
        is_module = path.endswith(".py") and path.startswith("src/")  # ruff asks which there are
        if path in wanted or path == "pyproject.toml" or is_module:
            content = file.content if path in wanted or not is_module else b'"""A stub."""\n'
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)


def ruff(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--quiet", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).splitlines()[:60] if done.returncode else []

"""A sample of the survival benchmark (tests/bench/survival.py): edited projects and verbs."""

import random
from collections.abc import Iterator

import pytest

from bench.survival_cells import Bench, Cell, cells
from bench.survival_rivals import by_git
from bench.survival_table import Row, bad, conflict, kept_rate, lines, loss
from real.workshop import Workshop

pytestmark = pytest.mark.real
CELLS = 60
TARGET = 98


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return what runs cells, with an environment that servers are imported in."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    packages = Workshop(shared / "real").packages()
    made = Bench(tmp_path_factory.mktemp("survival"), packages / "bin" / "python")
    yield made
    made.close()


def tried(bench: Bench, cell: Cell) -> Row:
    """Return how we and git did."""
    if reason := bench.usable(cell):
        return Row(cell, unusable=reason)
    return Row(cell, bench.ours(cell), by_git(bench, cell))


@pytest.mark.slow
def test_edits_survive(bench: Bench) -> None:
    found = random.Random(1).sample(cells(), CELLS)
    rows = [tried(bench, cell) for cell in found]
    table = "\n".join(lines(rows))
    assert not [row.cell for row in rows if row.unusable], table
    assert not [row.cell for row in rows if loss(row.ours)], table
    assert not [row.cell for row in rows if bad(row.ours)], table
    assert kept_rate(rows) >= TARGET, table
    assert sum(conflict(row.ours) for row in rows) < sum(conflict(row.git) for row in rows), table


def test_a_loss_is_seen(bench: Bench) -> None:
    """The measure itself: a tool that overwrites what was edited is found out."""
    cell = Cell("own tool", "add", "prompts", "minimal")
    assert not bench.usable(cell)
    root, texts = bench.stage(cell)
    for path, text in texts["new"].items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    verdict = bench.judge(cell, root, texts, ())
    assert verdict.outcome == "loss"
    assert "src/demo/tools/__init__.py: greet" in " ".join(verdict.reasons)

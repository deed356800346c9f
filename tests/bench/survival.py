"""The survival benchmark: edited projects, every feature added and removed, by us and by others.

    uv run python tests/bench/survival.py [--quick] [--json FILE]

Each cell is a real folder: a project is made, edited, changed by a verb, and looked at: whether
anything of the user's is gone, whether every file parses, whether the server imports and lists what
a fresh one would, besides what is the user's. The same by `git merge-file` on each file, and by
`copier update` from a template of two versions.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.survival_cells import BASES, Bench, Cell, cells  # noqa: E402
from bench.survival_rivals import by_copier, by_git, copier_cells  # noqa: E402
from bench.survival_scripts import COPIER_SCRIPTS  # noqa: E402
from bench.survival_table import Row, conflict, lines  # noqa: E402
from bench.survival_tests import newly_failing  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TESTED = 60
QUICK = 300
_benches: list[tuple[Bench, Path]] = []


def begin(folder: str, python: str) -> None:
    """Give this worker its own place."""
    number = multiprocessing.current_process().pid
    _benches.append((Bench(Path(folder) / str(number), Path(python)), Path(python)))


def run_cell(cell: Cell, *, copier: bool) -> Row:
    """Try a cell with each tool."""
    bench, _ = _benches[0]
    row = Row(cell, unusable=bench.usable(cell))
    if row.unusable:
        return row
    row = replace(row, ours=bench.ours(cell), git=by_git(bench, cell))
    return replace(row, copier=by_copier(bench, cell)) if copier else row


def run_script(found: Sequence[Cell], for_copier: frozenset[Cell]) -> list[Row]:
    """Try all cells of a script."""
    return [run_cell(cell, copier=cell in for_copier) for cell in found]


def run_tests(row: Row) -> Row:
    """Run the project's own tests of a cell."""
    bench, python = _benches[0]
    return replace(row, failing=tuple(newly_failing(bench, row.cell, python)))


def by_script(found: Iterable[Cell]) -> list[list[Cell]]:
    """Return the cells of each script."""
    groups: dict[str, list[Cell]] = {}
    for cell in found:
        groups.setdefault(cell.script, []).append(cell)
    return list(groups.values())


def environment(folder: Path) -> Path:
    """Return the Python of an environment with whatever a project may need."""
    from real.workshop import Workshop

    return Workshop(folder).packages() / "bin" / "python"


def main() -> None:
    """Try and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} cells, no tests, no copier")
    parser.add_argument("--scripts", nargs="*", default=[], help="only these scripts")
    parser.add_argument("--base", choices=BASES, default="", help="always begin with this preset")
    parser.add_argument("--python", help="of an environment with the packages of all features")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write all rows there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        python = given.python or str(environment(Path(name)))
        found = cells(given.scripts, base=given.base)
        copier = frozenset(() if given.quick else copier_cells(cells(COPIER_SCRIPTS, base=given.base)))
        if given.quick:
            found = random.Random(0).sample(found, min(QUICK, len(found)))
        with ProcessPoolExecutor(given.jobs, initializer=begin, initargs=(name, python)) as pool:
            groups = by_script(found)
            rows = []
            for result in pool.map(run_script, groups, [copier] * len(groups)):
                rows += result
                print(f"{len(rows)} of {len(found)}", file=sys.stderr)  # noqa: T201
            if not given.quick:
                rows = tested(pool, rows)
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    for line in lines(rows):
        print(line)  # noqa: T201


def tested(pool: ProcessPoolExecutor, rows: list[Row]) -> list[Row]:
    """Return the rows, some of them with the outcome of the project's own tests."""
    merged = [row for row in rows if row.ours and not conflict(row.ours)]
    sample = random.Random(0).sample(merged, min(TESTED, len(merged)))
    known = {row.cell: row for row in pool.map(run_tests, sample)}
    return [known.get(row.cell, row) for row in rows]


if __name__ == "__main__":
    main()

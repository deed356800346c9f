"""The survival benchmark: edited projects, every feature added and removed, by us and by others.

    uv run python tests/bench/survival.py [--all | --quick | --scripts NAME…] [--json FILE]

The whole table takes about twelve minutes on two cores, `--all` twice as long.
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
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.survival_cells import BASES, Bench, Cell, cells
from bench.survival_rivals import by_copier, by_git, copier_cells
from bench.survival_scripts import COPIER_SCRIPTS, SCRIPTS, TABLE_SCRIPTS
from bench.survival_table import Row, conflict, lines
from bench.survival_tests import newly_failing

if TYPE_CHECKING:
    from collections.abc import Sequence

TESTED = 60
QUICK = 300
_benches: list[tuple[Bench, Path]] = []


def begin(folder: str, python: str, *, imports: bool = True) -> None:
    """Give this worker its own place."""
    number = multiprocessing.current_process().pid
    _benches.append(
        (Bench(Path(folder) / str(number), Path(python) if imports else None), Path(python))
    )


def run_cell(cell: Cell, *, copier: bool) -> Row:
    """Try a cell with each tool."""
    bench, _ = _benches[0]
    row = Row(cell, unusable=bench.usable(cell))
    if row.unusable:
        return row
    row = replace(row, ours=bench.ours(cell), git=by_git(bench, cell))
    return replace(row, copier=by_copier(bench, cell)) if copier else row


def run_chunk(found: Sequence[Cell], for_copier: frozenset[Cell]) -> list[Row]:
    """Try some cells."""
    return [run_cell(cell, copier=cell in for_copier) for cell in found]


def run_tests(row: Row) -> Row:
    """Run the project's own tests of a cell."""
    bench, python = _benches[0]
    return replace(row, failing=tuple(newly_failing(bench, row.cell, python)))


def alike(cell: Cell) -> tuple[str, str]:
    """Return what cells share that are tried one after the other: much is made once for them."""
    return cell.script, cell.base


def place(cell: Cell) -> tuple[str, str, Cell]:
    """Return what cells are sorted by."""
    return *alike(cell), cell


def environment(folder: Path) -> Path:
    """Return the Python of an environment with whatever a project may need."""
    from real.workshop import Workshop

    return Workshop(folder).packages() / "bin" / "python"


def main() -> None:
    """Try and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} cells, no tests, no copier")
    parser.add_argument("--all", action="store_true", help=f"all {len(SCRIPTS)} scripts")
    parser.add_argument("--scripts", nargs="*", default=[], help="only these scripts")
    parser.add_argument("--base", choices=BASES, default="", help="always begin with this preset")
    parser.add_argument("--python", help="of an environment with the packages of all features")
    parser.add_argument("--no-imports", action="store_true", help="only read what was merged")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write all rows there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        python = given.python or str(environment(Path(name)))
        found = cells(given.scripts or (() if given.all else TABLE_SCRIPTS), base=given.base)
        copier = frozenset(
            ()
            if given.quick or given.no_imports
            else copier_cells(cells(COPIER_SCRIPTS, base=given.base))
        )
        random.Random(0).shuffle(found)
        found = found[:QUICK] if given.quick else found
        start = partial(begin, name, python, imports=not given.no_imports)
        with ProcessPoolExecutor(given.jobs, initializer=start) as pool:
            rows = []
            chunks = [list(group) for _, group in groupby(sorted(found, key=place), key=alike)]
            for result in pool.map(run_chunk, chunks, [copier] * len(chunks)):
                rows += result
                print(f"{len(rows)} of {len(found)}", file=sys.stderr)
                save(given.json, rows)
            if not (given.quick or given.no_imports):
                rows = tested(pool, rows)
    save(given.json, rows)
    for line in lines(rows):
        print(line)


def save(path: Path | None, rows: Sequence[Row]) -> None:
    """Write the rows down, for a look at what is known so far."""
    if path:
        path.write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")


def tested(pool: ProcessPoolExecutor, rows: list[Row]) -> list[Row]:
    """Return the rows, some of them with the outcome of the project's own tests."""
    merged = [row for row in rows if row.ours and not conflict(row.ours)]
    sample = random.Random(0).sample(merged, min(TESTED, len(merged)))
    known = {row.cell: row for row in pool.map(run_tests, sample)}
    return [known.get(row.cell, row) for row in rows]


if __name__ == "__main__":
    main()

"""`mcpforge update`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mcpforge.cli.options import Conflicts, Diff, DryRun, Moved, Verify

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "update"


def run(
    context: typer.Context,
    moved: Moved = None,
    dry_run: DryRun = False,
    diff: Diff = False,
    conflicts: Conflicts = "refuse",
    verify: Verify = False,
) -> None:
    """Bring this project to the templates of the installed mcpforge."""
    from mcpforge import __version__
    from mcpforge.catalog.catalog import load
    from mcpforge.cli.changing import Mode, finish
    from mcpforge.cli.moved import read_moved
    from mcpforge.operations.change import plan_answers
    from mcpforge.operations.opening import open_for

    console: Console = context.obj
    mode = Mode(dry_run, diff, conflicts, verify).checked()
    root, lock = open_for(console.say, Path.cwd(), writing=not (dry_run or diff))
    catalog = load()
    change = plan_answers(root, lock, lock.answers, catalog, moved=read_moved(moved or ()))
    for line in catalog.changes_since(lock.version):
        console.say(f"  {line}")
    finish(
        console,
        change,
        mode,
        f"Updated from mcpforge {lock.version} to {__version__}",
        f"the project has the templates of mcpforge {__version__}",
    )

"""`mcpforge set`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mcpforge.cli.options import Conflicts, Diff, DryRun, Moved, Update, Verify

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "set"


def run(
    context: typer.Context,
    values: list[str] = typer.Argument(
        ..., metavar="NAME=VALUE…", help="FEATURE.OPTION, title, description, license or python."
    ),
    moved: Moved = None,
    update: Update = True,
    dry_run: DryRun = False,
    diff: Diff = False,
    conflicts: Conflicts = "refuse",
    verify: Verify = False,
) -> None:
    """Change options of features, or a text of the project."""
    from mcpforge.catalog.catalog import load
    from mcpforge.cli.changing import Mode, finish
    from mcpforge.cli.moved import read_moved
    from mcpforge.operations.change import plan_answers
    from mcpforge.operations.edit import set_values
    from mcpforge.operations.opening import open_for

    console: Console = context.obj
    mode = Mode(dry_run, diff, conflicts, verify).checked()
    root, lock = open_for(console.say, Path.cwd(), writing=not (dry_run or diff))
    catalog = load()
    answers = set_values(lock.answers, values, catalog)
    change = plan_answers(
        root, lock, answers, catalog, update=update, moved=read_moved(moved or ())
    )
    listed = ", ".join(f"`{value}`" for value in values)
    finish(console, change, mode, f"Set {listed}", f"{listed} is so already")

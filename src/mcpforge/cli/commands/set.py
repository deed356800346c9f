"""`mcpforge set`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "set"


def run(
    context: typer.Context,
    values: list[str] = typer.Argument(
        ..., metavar="NAME=VALUE…", help="FEATURE.OPTION, title, description, license or python."
    ),
    moved: Optional[list[str]] = typer.Option(
        None, metavar="OLD=NEW", help="Where you moved a file to."
    ),
    update: bool = typer.Option(
        True, "--update/--no-update", help="Take newer templates in first."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show the plan, write nothing."),
    diff: bool = typer.Option(False, "--diff", help="Show the plan as a diff, write nothing."),
    conflicts: str = typer.Option("refuse", help="`markers` writes conflict markers."),
    verify: bool = typer.Option(
        False, "--verify", help="Start and list the server; undo if that fails."
    ),
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

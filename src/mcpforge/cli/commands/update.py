"""`mcpforge update`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "update"


def run(
    context: typer.Context,
    moved: Optional[list[str]] = typer.Option(
        None, metavar="OLD=NEW", help="Where you moved a file to."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show the plan, write nothing."),
    diff: bool = typer.Option(False, "--diff", help="Show the plan as a diff, write nothing."),
    conflicts: str = typer.Option("refuse", help="`markers` writes conflict markers."),
    verify: bool = typer.Option(
        False, "--verify", help="Start and list the server; undo if that fails."
    ),
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

"""`mcpforge remove`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

from mcpforge.cli.options import Conflicts, Custom, Diff, DryRun, Moved, Update, Verify

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "remove"


def run(
    context: typer.Context,
    words: Optional[list[str]] = typer.Argument(
        None, metavar="[GROUP] FEATURE… | KIND NAME…", help="As `mcpforge add` takes them."
    ),
    cascade: bool = typer.Option(False, "--cascade", help="Take out what needs it as well."),
    custom: Custom = False,
    moved: Moved = None,
    update: Update = True,
    dry_run: DryRun = False,
    diff: Diff = False,
    conflicts: Conflicts = "refuse",
    verify: Verify = False,
) -> None:
    """Take features or components out; what you edited stays."""
    from mcpforge.catalog.catalog import load
    from mcpforge.cli.changing import Mode, finish
    from mcpforge.cli.moved import read_moved
    from mcpforge.operations.change import plan_answers
    from mcpforge.operations.edit import remove_components, remove_features
    from mcpforge.operations.grammar import read_words
    from mcpforge.operations.opening import open_for

    console: Console = context.obj
    mode = Mode(dry_run, diff, conflicts, verify).checked()
    root, lock = open_for(console.say, Path.cwd(), writing=not (dry_run or diff))
    catalog = load()
    present = [(item.kind, item.name) for item in lock.answers.components]
    wish = read_words(words or (), catalog, verb="remove", custom=custom, present=present)
    unwanted = list(wish.components)
    if wish.skeleton:
        unwanted += [(kind, name) for kind, name in present if kind == wish.skeleton]
    answers = remove_features(lock.answers, wish.features, catalog, cascade=cascade)
    answers = remove_components(answers, unwanted)
    change = plan_answers(
        root, lock, answers, catalog, update=update, moved=read_moved(moved or ())
    )
    listed = ", ".join(f"`{n}`" for n in [*wish.features, *(f"{k} {n}" for k, n in unwanted)])
    finish(console, change, mode, f"Removed {listed}", f"{listed} is not in this project")

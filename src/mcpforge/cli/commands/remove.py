"""`mcpforge remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import typer

from mcpforge.cli.options import Conflicts, Custom, Diff, DryRun, Moved, Reformatted, Update, Verify

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
    reformatted: Reformatted = False,
    update: Update = True,
    dry_run: DryRun = False,
    diff: Diff = False,
    conflicts: Conflicts = "refuse",
    verify: Verify = False,
) -> None:
    """Take features or components out; what you edited stays."""
    from mcpforge.cli.changing import Mode, change_project
    from mcpforge.operations.verbs import removed

    console: Console = context.obj
    change_project(
        console,
        lambda lock, catalog: removed(
            lock.answers, catalog, words or (), cascade=cascade, custom=custom
        ),
        Mode(dry_run, diff, conflicts, verify),
        update=update,
        moved=moved,
        reformatted=reformatted,
    )

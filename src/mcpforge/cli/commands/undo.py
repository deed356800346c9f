"""`mcpforge undo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mcpforge.cli.options import Diff, DryRun

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "undo"


def run(
    context: typer.Context,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> None:
    """Put back the project as it was before the last change; twice is a redo."""
    from mcpforge.cli.changing import plan_lines
    from mcpforge.operations.opening import settle_and_say
    from mcpforge.operations.undo import carry_out, find_undo, plan_undo
    from mcpforge.project.diff import diff_lines

    console: Console = context.obj
    if not (dry_run or diff):
        settle_and_say(console.say, Path.cwd())
    undo = plan_undo(find_undo(Path.cwd()))
    lines = (
        diff_lines(undo.root, undo.plan)
        if diff
        else plan_lines(console, undo.plan, err=not dry_run)
    )
    if dry_run or diff:
        console.data("\n".join(lines))
        console.say("\nNothing was written")
    else:
        console.say("\n".join(lines))
        carry_out(undo)
        console.say(
            f"\n{console.style('Undone', 'green', 'bold')}; `mcpforge undo` again redoes it"
        )
    for path in undo.kept:
        console.say(f"`{path}` was edited since, so it stays")
    console.result(
        {
            "root": str(undo.root),
            "written": not (dry_run or diff),
            "changes": [{"action": c.action, "path": c.path} for c in undo.plan.changes],
            "kept": list(undo.kept),
        }
    )

"""`mcpforge update`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

from mcpforge.cli.options import Conflicts, Diff, DryRun, Moved, Verify

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "update"


def run(
    context: typer.Context,
    ref: Optional[str] = typer.Option(
        None, help="Tag, branch or commit of a Copier template; else its newest tag."
    ),
    data: Optional[list[str]] = typer.Option(
        None, metavar="NAME=VALUE", help="Another answer for a Copier template; may be repeated."
    ),
    template: Optional[str] = typer.Option(
        None, metavar="SRC", help="Where the Copier template is now."
    ),
    trust: bool = typer.Option(
        False, "--trust", help="Let a Copier template run its tasks, migrations and extensions."
    ),
    moved: Moved = None,
    dry_run: DryRun = False,
    diff: Diff = False,
    conflicts: Conflicts = "refuse",
    verify: Verify = False,
) -> None:
    """Bring this project to newer templates: mcpforge's own, or its Copier template."""
    from mcpforge.cli.changing import Mode, change_project
    from mcpforge.operations.natives import is_foreign
    from mcpforge.operations.verbs import updated

    console: Console = context.obj
    mode = Mode(dry_run, diff, conflicts, verify)
    if ref or data or template or trust or is_foreign(Path.cwd()):
        from mcpforge.cli.templating import Template, update_from_template

        update_from_template(console, Template(template or "", ref, data or (), trust), mode)
        return
    change_project(console, updated, mode, moved=moved)

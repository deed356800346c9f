"""`mcpforge set`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mcpforge.cli.options import Conflicts, Diff, DryRun, Moved, Update, Verify

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "set"
_DATA = "data."


def run(
    context: typer.Context,
    values: list[str] = typer.Argument(
        ...,
        metavar="NAME=VALUE…",
        help="FEATURE.OPTION, title, description, license, python; data.NAME of a Copier template.",
    ),
    trust: bool = typer.Option(
        False, "--trust", help="Let a Copier template run its tasks and extensions."
    ),
    moved: Moved = None,
    update: Update = True,
    dry_run: DryRun = False,
    diff: Diff = False,
    conflicts: Conflicts = "refuse",
    verify: Verify = False,
) -> None:
    """Change options of features, or a text of the project."""
    from mcpforge.cli.changing import Mode, change_project
    from mcpforge.operations.natives import is_foreign
    from mcpforge.operations.verbs import assigned

    console: Console = context.obj
    mode = Mode(dry_run, diff, conflicts, verify)
    if all(value.startswith(_DATA) for value in values) and is_foreign(Path.cwd()):
        from mcpforge.cli.templating import Template, update_from_template

        data = [value.removeprefix(_DATA) for value in values]
        update_from_template(console, Template("", data=data, trust=trust), mode, keep=True)
        return
    change_project(
        console,
        lambda lock, catalog: assigned(lock.answers, catalog, values),
        mode,
        update=update,
        moved=moved,
    )

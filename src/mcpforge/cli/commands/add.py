"""`mcpforge add`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import typer

from mcpforge.cli.options import Conflicts, Custom, Diff, DryRun, Moved, Reformatted, Update, Verify

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "add"


def run(
    context: typer.Context,
    words: Optional[list[str]] = typer.Argument(
        None,
        metavar="[GROUP] FEATURE… | KIND NAME…",
        help="KIND: tool, prompt, resource, middleware, route.",
    ),
    options: Optional[list[str]] = typer.Option(
        None, "--set", metavar="FEATURE.OPTION=VALUE", help="Set an option; may be repeated."
    ),
    replacing: bool = typer.Option(
        False, "--replace", help="Take out what fills the same single choice."
    ),
    custom: Custom = False,
    uri: Optional[str] = typer.Option(None, help="URI of a resource, `{x}` makes a parameter."),
    phase: Optional[str] = typer.Option(None, help="Where a middleware stands in the chain."),
    sync: bool = typer.Option(False, "--sync", help="A plain function instead of an async one."),
    moved: Moved = None,
    reformatted: Reformatted = False,
    update: Update = True,
    dry_run: DryRun = False,
    diff: Diff = False,
    conflicts: Conflicts = "refuse",
    verify: Verify = False,
) -> None:
    """Add features, or components of your own, to this project."""
    from mcpforge.cli.changing import Mode, change_project
    from mcpforge.operations.verbs import Addition, added

    console: Console = context.obj
    given = {key: value for key, value in (("uri", uri), ("phase", phase)) if value is not None}
    if sync:
        given["sync"] = "true"
    more = Addition(values=options or (), given=given, replacing=replacing, custom=custom)
    change_project(
        console,
        lambda lock, catalog: added(lock.answers, catalog, words or (), more),
        Mode(dry_run, diff, conflicts, verify),
        update=update,
        moved=moved,
        reformatted=reformatted,
    )

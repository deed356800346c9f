"""`mcpforge env`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "env"


def run(
    context: typer.Context,
    dry_run: bool = typer.Option(False, "--dry-run", help="Name the variables, write nothing."),
    diff: bool = typer.Option(False, "--diff", help="The same as a diff, values hidden."),
) -> None:
    """Write missing secrets to `.env`; what is there stays as it is."""
    from mcpforge.catalog.installed import load
    from mcpforge.operations.environment import (
        environment_diff,
        missing_values,
        required_values,
        write_environment,
    )
    from mcpforge.operations.natives import require_native
    from mcpforge.operations.opening import settle_and_say
    from mcpforge.operations.thirdparties import check_present
    from mcpforge.project import lock as locks
    from mcpforge.render.project import render

    console: Console = context.obj
    root = locks.find(Path.cwd())
    dry_run = dry_run or diff
    recovered = "" if dry_run else settle_and_say(console.say, root)
    lock, catalog = locks.load(root), load()
    if not (lock.origin and lock.origin.slots):
        require_native(lock, "declares no settings")
    check_present(lock, lock.answers, catalog)
    settings = render(lock.answers, catalog).slots.settings
    if dry_run:
        written = tuple(item.env for item in missing_values(root, settings))
        verb = "Would write"
    else:
        written = write_environment(root, settings)
        verb = "Wrote"
    if diff:
        console.data("\n".join(environment_diff(root, settings)))
    if written:
        console.say(f"{verb} to `.env`: {', '.join(written)}")
    else:
        console.say("Nothing to do: `.env` has every secret that can be generated")
    yours = [item.env for item in required_values(root, settings)]
    if yours:
        console.say(f"Settings that only you can give, in `.env`: {', '.join(yours)}")
    console.result(
        {"written": list(written), "dry_run": dry_run, "yours": yours, "recovered": recovered}
    )

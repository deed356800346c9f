"""`mcpforge add`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

from mcpforge.cli.options import Conflicts, Custom, Diff, DryRun, Moved, Update, Verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcpforge.answers import Answers, Component
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.cli.console import Console
    from mcpforge.operations.grammar import Wish

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
    update: Update = True,
    dry_run: DryRun = False,
    diff: Diff = False,
    conflicts: Conflicts = "refuse",
    verify: Verify = False,
) -> None:
    """Add features, or components of your own, to this project."""
    from mcpforge.catalog.catalog import load
    from mcpforge.cli.changing import Mode, finish
    from mcpforge.cli.moved import read_moved
    from mcpforge.operations.change import plan_answers
    from mcpforge.operations.edit import add_components, add_features, set_values
    from mcpforge.operations.grammar import read_words
    from mcpforge.operations.opening import open_for

    console: Console = context.obj
    mode = Mode(dry_run, diff, conflicts, verify).checked()
    root, lock = open_for(console.say, Path.cwd(), writing=not (dry_run or diff))
    catalog = load()
    answers = lock.answers
    present = [(item.kind, item.name) for item in answers.components]
    wish = read_words(words or (), catalog, verb="add", custom=custom, present=present)
    given = {key: value for key, value in (("uri", uri), ("phase", phase)) if value is not None}
    if sync:
        given["sync"] = "true"
    components = _components(wish, given, catalog, answers)
    answers = add_features(answers, wish.features, catalog, replacing=replacing)
    answers = add_components(answers, components)
    answers = set_values(answers, options or (), catalog)
    change = plan_answers(
        root, lock, answers, catalog, update=update, moved=read_moved(moved or ())
    )
    names = [*wish.features, *(f"{item.kind} {item.name}" for item in components)]
    listed = ", ".join(f"`{name}`" for name in names)
    finish(console, change, mode, f"Added {listed}", f"{listed} is already there")


def _components(
    wish: Wish, given: Mapping[str, str], catalog: Catalog, answers: Answers
) -> list[Component]:
    if not (wish.components or wish.skeleton):
        return []
    from mcpforge.operations.components import make_component, skeleton

    made = [make_component(kind, name, given, catalog, answers) for kind, name in wish.components]
    return [*made, skeleton(given, catalog, answers)] if wish.skeleton else made

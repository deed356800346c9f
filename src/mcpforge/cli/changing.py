"""What the verbs that change a project have in common: show the plan, apply it, tell the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcpforge.cli.views import origin_data
from mcpforge.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.cli.console import Console
    from mcpforge.operations.change import ChangePlan
    from mcpforge.operations.verbs import Edit
    from mcpforge.project.lock import Lock
    from mcpforge.project.plan import Change, Plan

_SHOWN = 5
CONFLICT_MODES = ("refuse", "markers")
_STYLES = {
    "create": "green",
    "update": "cyan",
    "merge": "cyan",
    "delete": "red",
    "conflict": "yellow",
}
_HOW = {"lines": "", "structured": "by entries", "syntax": "by the syntax tree"}


@dataclass(frozen=True, slots=True)
class Mode:
    """How a plan is treated: shown only, with markers, verified."""

    dry_run: bool = False
    diff: bool = False
    conflicts: str = "refuse"
    verify: bool = False

    def checked(self) -> Mode:
        """Return this mode; raises `UsageError` for an unknown way with conflicts."""
        if self.conflicts not in CONFLICT_MODES:
            raise UsageError(
                f"`--conflicts` can't be `{self.conflicts}`",
                hint=f"Choose one of: {', '.join(CONFLICT_MODES)}.",
            )
        return self


def change_project(
    console: Console,
    edit: Callable[[Lock, Catalog], Edit],
    mode: Mode,
    *,
    update: bool = True,
    moved: Sequence[str] | None = None,
    reformatted: bool = False,
) -> None:
    """Open the project of this folder, give it other answers, and show or apply what follows."""
    from pathlib import Path

    from mcpforge.catalog.installed import load
    from mcpforge.cli.moved import read_moved
    from mcpforge.operations.change import Wishes, plan_answers
    from mcpforge.operations.opening import open_for
    from mcpforge.operations.thirdparties import with_stand_ins

    mode = mode.checked()
    root, lock = open_for(console.say, Path.cwd(), writing=not (mode.dry_run or mode.diff))
    catalog = load()
    wanted = edit(lock, with_stand_ins(lock, catalog))
    if lock.origin:
        from mcpforge.operations.forks import plan_fork

        change = plan_fork(root, lock, wanted.answers, catalog, console.say)
    else:
        wishes = Wishes(read_moved(moved or ()), reformatted)
        change = plan_answers(root, lock, wanted.answers, catalog, update=update, wishes=wishes)
    for line in wanted.news:
        console.say(f"  {line}")
    finish(console, change, mode, wanted.done, wanted.nothing)


def finish(console: Console, change: ChangePlan, mode: Mode, done: str, nothing: str) -> None:
    """Show a plan and, unless it is only to be shown, carry it out.

    `done` is said when something was written, `nothing` when there is nothing to do. Raises
    `ConflictError` where the plan has clashes.
    """
    from mcpforge.operations.after import next_steps
    from mcpforge.operations.change import carry_out

    if change.plan.empty:
        _say_notes(console, change.plan)
        console.say(f"Nothing to do: {nothing}")
        console.result(_data(change, written=False))
        return
    if mode.dry_run or mode.diff:
        _show_only(console, change, mode)
        return
    console.say("\n".join(plan_lines(console, change.plan)))
    _say_notes(console, change.plan)
    carry_out(change, markers=mode.conflicts == "markers")
    listing = _verify(console, change) if mode.verify else None
    steps = next_steps(change)
    console.say(f"\n{console.style(done, 'green', 'bold')}")
    if steps:
        console.say("\nNext:\n" + "\n".join(f"  {step}" for step in steps))
    console.result({**_data(change, written=True), "next_steps": steps, "listing": listing})


def _show_only(console: Console, change: ChangePlan, mode: Mode) -> None:
    from mcpforge.project.diff import diff_lines

    lines = (
        diff_lines(change.root, change.plan)
        if mode.diff
        else plan_lines(console, change.plan, err=False)
    )
    console.data("\n".join(lines))
    _say_notes(console, change.plan)
    if change.updated:
        shown = ", ".join(f"`{path}`" for path in change.updated[:_SHOWN])
        more = len(change.updated) - _SHOWN
        console.say(f"Newer templates change {shown}{f' and {more} more' if more > 0 else ''}")
    console.say("\nNothing was written")
    clashes = change.plan.clashes
    if clashes:
        raise ConflictError(
            f"`{clashes[0].path}` can't be merged: {clashes[0].reason}",
            hint=""
            if any(clash.marked is None for clash in clashes)
            else "`--conflicts=markers` would write conflict markers.",
        )
    console.result(_data(change, written=False))


def plan_lines(console: Console, plan: Plan, *, err: bool = True) -> list[str]:
    """Return one line for each file: what happens, where, and how it was merged."""
    rows: list[tuple[str, str, str]] = [
        ("merge" if change.how else change.action, change.path, _detail(change))
        for change in plan.changes
    ]
    rows += [("conflict", clash.path, clash.reason) for clash in plan.clashes]
    lines = []
    for word, path, detail in sorted(rows, key=lambda row: row[1]):
        label = console.style(f"{word:>8}", _STYLES[word], err=err)
        lines.append(f"{label}  {path}{f'  ({detail})' if detail else ''}")
    return lines


def _detail(change: Change) -> str:
    """Return how a file was merged, and who else than mcpforge wrote any of it."""
    told = origin_data(change)
    origin = f"from {told['origin']}" if told["origin"] else ""
    runs = f"runs {told['runs']}" if told["runs"] else ""
    return ", ".join(part for part in (_HOW.get(change.how, ""), origin, runs) if part)


def _say_notes(console: Console, plan: Plan) -> None:
    for note in plan.notes:
        console.say(f"{console.style('note:', 'dim')} {note}")


def _verify(console: Console, change: ChangePlan) -> dict[str, Any]:
    from dataclasses import asdict

    from mcpforge.operations.after import verify_or_undo

    console.say("Verifying …")
    return asdict(verify_or_undo(change))


def _data(change: ChangePlan, *, written: bool) -> dict[str, Any]:
    from mcpforge.project.lock import answers_data

    plan = change.plan
    return {
        "root": str(change.root),
        "written": written,
        "answers": answers_data(change.answers),
        "changes": [
            {"action": item.action, "path": item.path, "how": item.how, **origin_data(item)}
            for item in plan.changes
        ],
        "conflicts": [{"path": item.path, "reason": item.reason} for item in plan.clashes],
        "notes": list(plan.notes),
        "updated": list(change.updated),
    }

"""What the verbs that change a project have in common: show the plan, apply it, tell the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcpforge.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.cli.console import Console
    from mcpforge.operations.change import ChangePlan
    from mcpforge.project.plan import Plan

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


def finish(console: Console, change: ChangePlan, mode: Mode, done: str, nothing: str) -> None:
    """Show a plan and, unless it is only to be shown, carry it out.

    `done` is said when something was written, `nothing` when there is nothing to do. Raises
    `ConflictError` where the plan has clashes.
    """
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
            hint="`--conflicts=markers` would write conflict markers.",
        )
    console.result(_data(change, written=False))


def plan_lines(console: Console, plan: Plan, *, err: bool = True) -> list[str]:
    """Return one line for each file: what happens, where, and how it was merged."""
    rows: list[tuple[str, str, str]] = [
        ("merge" if change.how else change.action, change.path, _HOW.get(change.how, ""))
        for change in plan.changes
    ]
    rows += [("conflict", clash.path, clash.reason) for clash in plan.clashes]
    lines = []
    for word, path, detail in sorted(rows, key=lambda row: row[1]):
        label = console.style(f"{word:>8}", _STYLES[word], err=err)
        lines.append(f"{label}  {path}{f'  ({detail})' if detail else ''}")
    return lines


def diff_lines(root: Path, plan: Plan) -> list[str]:
    """Return the plan as a unified diff against the files as they are."""
    import difflib

    lines: list[str] = []
    texts = [(change.path, change.content) for change in plan.changes]
    texts += [(clash.path, clash.marked) for clash in plan.clashes if clash.marked is not None]
    for path, content in texts:
        target = root / path
        before = target.read_bytes() if target.is_file() else b""
        lines += difflib.unified_diff(
            before.decode("utf-8", "replace").splitlines(),
            content.decode("utf-8", "replace").splitlines(),
            f"a/{path}" if target.is_file() else "/dev/null",
            f"b/{path}" if content else "/dev/null",
            lineterm="",
        )
    return lines


def _say_notes(console: Console, plan: Plan) -> None:
    for note in plan.notes:
        console.say(f"{console.style('note:', 'dim')} {note}")


def next_steps(change: ChangePlan) -> list[str]:
    """Return the commands that the change calls for, to be typed in the project."""
    from mcpforge.operations.environment import missing_values

    steps = []
    if change.requirements_changed and (change.root / "uv.lock").is_file():
        steps.append("uv lock")
    if missing_values(change.root, change.rendered.slots.settings):
        steps.append("mcpforge env")
    return [*steps, *change.next_steps, "uv run pytest"]


def _verify(console: Console, change: ChangePlan) -> dict[str, Any]:
    from dataclasses import asdict

    from mcpforge.operations import undo, verify

    console.say("Verifying …")
    try:
        verify.install(change.root)
        settings = change.rendered.slots.settings
        listing = verify.verify(change.root, change.answers.name, settings)
    except BaseException:
        undo.carry_out(undo.plan_undo(change.root))
        raise
    return asdict(listing)


def _data(change: ChangePlan, *, written: bool) -> dict[str, Any]:
    from mcpforge.project.lock import answers_data

    plan = change.plan
    return {
        "root": str(change.root),
        "written": written,
        "answers": answers_data(change.answers),
        "changes": [
            {"action": item.action, "path": item.path, "how": item.how} for item in plan.changes
        ],
        "conflicts": [{"path": item.path, "reason": item.reason} for item in plan.clashes],
        "notes": list(plan.notes),
        "updated": list(change.updated),
    }

"""Plans for projects as agents see them: files that run by themselves first, hunks, diffs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mcpforge.project import journal
from mcpforge.serve import guard
from mcpforge.serve.shapes import Conflict, FilePlan, Listing, PlannedFile
from mcpforge.serve.shelf import stale

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mcpforge.operations.change import ChangePlan
    from mcpforge.operations.verify import Listing as Listed
    from mcpforge.project.plan import Clash, Plan
    from mcpforge.serve.desk import Desk
    from mcpforge.serve.places import Place
    from mcpforge.serve.shapes import Kind

MOST_FILES = 400
MOST_HUNKS = 6_000
_ENDINGS = {"create": "to create", "update": "to change", "delete": "to delete"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a view says beside the plan itself."""

    notes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    settings: tuple[str, ...] = field(default=())


def check_still(desk: Desk, place: Place) -> None:
    """Raise `ForgeError` where a place is no longer the folder that it was."""
    if not desk.base.same(place):
        raise stale()


def file_plan(kind: Kind, place: Place, plan: Plan, told: Told) -> FilePlan:
    """Return what an agent sees of a plan."""
    counts = Counter(change.action for change in plan.changes)
    parts = [f"{count} files {_ENDINGS[action]}" for action, count in sorted(counts.items())]
    if plan.clashes:
        parts.append(f"{len(plan.clashes)} conflicts, so it can't be applied")
    files = [
        PlannedFile(
            path=item.path,
            action=item.action,
            merged=item.how,
            attention=guard.attention(item),
        )
        for item in sorted(plan.changes, key=lambda one: (not guard.attention(one), one.path))
    ]
    return FilePlan(
        plan_id=None,
        expires_in=0,
        kind=kind,
        project=place.shown,
        summary=", ".join(parts) or "Only what mcpforge remembers changes",
        files=files[:MOST_FILES],
        more_files=max(0, len(files) - MOST_FILES),
        conflicts=[
            Conflict(path=one.path, reason=one.reason, hunks=_hunks(place, one))
            for one in plan.clashes
        ],
        notes=list(told.notes),
        features=list(told.features),
        settings_to_give=list(told.settings),
    )


def _hunks(place: Place, clash: Clash) -> str:
    from mcpforge.project.diff import file_diff
    from mcpforge.project.files import read_file

    if clash.marked is None:
        return ""
    lines = file_diff(clash.path, read_file(place.path / clash.path), clash.marked)
    return "\n".join(lines)[:MOST_HUNKS]


def updated(planned: ChangePlan) -> Iterable[str]:
    """Yield a note where newer templates change files."""
    if planned.updated:
        yield f"Newer templates change {len(planned.updated)} files, whatever was asked for"


def interrupted(root: Path) -> Iterable[str]:
    """Yield a note where a write was cut short."""
    if journal.pending(root):
        yield "An earlier change was cut short: `apply` settles that first, then plan again"


def diff(desk: Desk, place: Place, plan: Plan) -> list[str]:
    """Return the diff of a plan; raises `ForgeError` where a file is not as it was then."""
    from mcpforge.project.diff import file_diff
    from mcpforge.project.files import read_present
    from mcpforge.tree import blob_id

    check_still(desk, place)
    guard.check_plan(place.path, plan)
    lines: list[str] = []
    for item in plan.changes:
        before = read_present(place.path, item)
        if (blob_id(before) if before is not None else "") != item.before:
            raise stale()
        lines += file_diff(item.path, before, item.content)
    return lines


def listing(found: Listed | None) -> Listing | None:
    """Return what a real client saw, where one looked."""
    if found is None:
        return None
    return Listing(
        tools=list(found.tools),
        resources=list(found.resources),
        templates=list(found.templates),
        prompts=list(found.prompts),
    )

"""`mcpforge undo`: the project as it was before the last apply; twice is a redo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.project import apply, journal
from mcpforge.project import lock as locks
from mcpforge.project.files import read_link
from mcpforge.project.plan import Change, Plan
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.project.journal import Entry


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What goes back; `kept` are files of an undone `new` that were edited since."""

    root: Path
    plan: Plan
    kept: tuple[str, ...] = ()


def find_undo(start: Path) -> Path:
    """Return the root whose last apply can be undone; raises `ForgeError` where there is none."""
    for folder in (start.absolute(), *start.absolute().parents):
        if journal.last(folder) is not None:
            return folder
        if (folder / locks.PATH).is_file():
            break
    raise ForgeError(
        "There is nothing to undo here",
        hint="Only the last change made on this machine can be undone; see `git log` for others.",
        code="nothing_to_undo",
    )


def plan_undo(root: Path) -> UndoPlan:
    """Return the plan that puts back every file of the last apply.

    Raises `ForgeError` when one of them has changed since; undoing `new` leaves such files.
    """
    entries = journal.last(root) or []
    created = any(entry.path == locks.PATH and not entry.saved for entry in entries)
    changed = [entry.path for entry in entries if _present(root, entry) != entry.after]
    if changed and not created:
        raise ForgeError(
            f"`{changed[0]}` has changed since, so the last change can't be undone",
            hint="Take the change back by the opposite verb; it keeps your edits.",
            code="changed_since",
        )
    changes = [_back(root, entry) for entry in entries if entry.path not in changed]
    state = [change for change in changes if change.path.startswith(f"{locks.FOLDER}/")]
    state.sort(key=lambda change: change.path == locks.PATH)
    files = [change for change in changes if not change.path.startswith(f"{locks.FOLDER}/")]
    files.sort(key=lambda change: change.path)
    return UndoPlan(root, Plan(tuple(files), tuple(state)), tuple(changed))


def carry_out(undo: UndoPlan) -> None:
    """Apply it, as any plan."""
    apply.apply(undo.root, undo.plan)


def _present(root: Path, entry: Entry) -> str:
    path = root / entry.path
    points = read_link(path) if journal.is_link(root, entry) else None
    if points is not None:
        return blob_id(points)
    return blob_id(path.read_bytes()) if path.is_file() else ""


def _back(root: Path, entry: Entry) -> Change:
    content = journal.saved_content(root, entry)
    if content is None:
        link = journal.is_link(root, entry)
        return Change(entry.path, "delete", entry.after, b"", link=link)
    action = "update" if entry.after else "create"
    link, mode = journal.saved_is_link(root, entry), journal.saved_mode(root, entry)
    return Change(entry.path, action, entry.after, content, link=link, mode=mode)  # type: ignore[arg-type]

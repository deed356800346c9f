"""What a verb would do to a folder, as a value: shown, printed as JSON, or applied."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from mcpforge.errors import ForgeError
from mcpforge.project import lock as locks
from mcpforge.project import pristine
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcpforge.project.lock import Lock
    from mcpforge.tree import File, Tree

Action = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """One file that would change. `before` is the blob id that must still be there, or nothing.

    `how` says by which layer the user's text and ours were merged, "" where nothing was to merge.
    The content of a `link` is what it points to. `origin` names the third parties that wrote any of
    the file. `mode` holds the permissions of a file that is put back as it was.
    """

    path: str
    action: Action
    before: str
    content: bytes
    executable: bool = False
    how: str = ""
    link: bool = False
    origin: str = ""
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """A file where the user's text and ours can't both be had; `marked` holds conflict markers."""

    path: str
    reason: str
    before: str = ""
    marked: bytes | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a verb would write, in order; state files last, the lock the very last."""

    changes: tuple[Change, ...]
    state: tuple[Change, ...]
    notes: tuple[str, ...] = field(default=())
    clashes: tuple[Clash, ...] = field(default=())

    @property
    def written(self) -> tuple[Change, ...]:
        """All changes, those of the state at the end."""
        return (*self.changes, *self.state)

    @property
    def empty(self) -> bool:
        """Nothing to do."""
        return not self.changes and not self.state and not self.clashes


def plan_new(tree: Tree, lock: Lock) -> Plan:
    """Return the plan of a new project: everything is created."""
    held = pristine.stored(tree)
    state = [_create(path, content) for path, content in sorted(held.items())]
    state.append(_create(locks.PATH, locks.dump(lock).encode()))
    return Plan(
        changes=tuple(created(path, file) for path, file in tree.items()),
        state=tuple(state),
    )


def created(path: str, file: File) -> Change:
    """Return the change that makes a file of a tree."""
    return Change(path, "create", "", file.content, file.executable, link=file.link)


def _create(path: str, content: bytes) -> Change:
    return Change(path, "create", "", content)


def locked_files(tree: Tree) -> Mapping[str, locks.LockedFile]:
    """Return the lock's entries for a tree."""
    return {path: locks.LockedFile(file.ownership, file.id) for path, file in tree.items()}


def with_origins(plan: Plan, origins: Mapping[str, str]) -> Plan:
    """Return the plan with those named, by path, who wrote any of a file."""
    if not origins:
        return plan
    changes = (replace(change, origin=origins.get(change.path, "")) for change in plan.changes)
    return replace(plan, changes=tuple(changes))


def stale(plan: Plan, present: Mapping[str, bytes | None]) -> list[str]:
    """Return the paths that are no longer as the plan saw them (content by path, None: missing)."""
    changed = []
    for change in (*plan.changes, *plan.state):
        content = present.get(change.path)
        found = "" if content is None else blob_id(content)
        if found != change.before:
            changed.append(change.path)
    return changed


def stale_error(path: str) -> ForgeError:
    """Return the refusal of a plan for a file that is no longer as the plan saw it."""
    return ForgeError(
        f"`{path}` has changed since the plan was made",
        hint="Run the command again.",
        code="stale",
    )

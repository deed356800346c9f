"""Migrations of a Copier template: run in a copy of the project, so that their work is a plan.

Copier runs them in the project itself. Here the copy gets the migrations before the update, the
update, and the migrations after it; what is different then is planned, shown and applied as ever.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.foreign.copier import migrate
from mcpforge.project import git, pristine
from mcpforge.project.changes import Disk, plan_change
from mcpforge.project.files import is_known_link, read_file, write_file
from mcpforge.project.guards import signals_as_errors
from mcpforge.project.lock import FOLDER
from mcpforge.project.plan import Change, Plan
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcpforge.foreign.models import Job, Produced, Stage
    from mcpforge.project.lock import Lock
    from mcpforge.tree import Tree

_SKIPPED = frozenset({".git", FOLDER, ".venv", "node_modules", "__pycache__"})
# What is bigger holds data; a migration does not see it, and can't change it.
_LARGEST = 5_000_000

Files = dict[str, tuple[bytes, bool]]
"""Path → content, and whether it may be run."""


@dataclass(frozen=True, slots=True)
class Migration:
    """An update with migrations: its job, what the template made, who hears of it, the base."""

    job: Job
    produced: Produced
    say: Callable[[str], None]
    pristine: Callable[[str], bytes | None]

    def run(self, place: Path, stage: Stage) -> None:
        """Run the migrations of a stage in a copy; raises `ForgeError` where one fails."""
        last = self.job.last if stage == "before" else self.produced.data
        job = replace(
            self.job, stage=stage, workplace=str(place), given={}, last=last, interactive=False
        )
        with signals_as_errors():
            migrate(job, git.environment(), self.say)


def plan_migrated(root: Path, lock: Lock, new: Lock, theirs: Tree, migration: Migration) -> Plan:
    """Return the plan of an update with the migrations before and after it."""
    with tempfile.TemporaryDirectory(prefix="mcpforge-") as folder:
        place = Path(folder) / root.name
        before = _copy(root, place)
        git.start_repository(place, "The project as it is")
        migration.run(place, "before")
        moved = _with_renames(lock, before, _read(place))
        links = _links(root, lock)
        disk = Disk(
            read=lambda path: links.get(path) or read_file(place / path),
            pristine=migration.pristine,
            stored=pristine.listed(root),
        )
        plan = plan_change(moved, new, theirs, disk, ())
        if plan.clashes:
            return _with_state(root, plan, _changes(before, _read(place), plan, links))
        for change in plan.changes:
            _carry_out(place, change)
        migration.run(place, "after")
        return _with_state(root, plan, _changes(before, _read(place), plan, links))


def _copy(root: Path, place: Path) -> Files:
    found = _read(root)
    for path, (content, executable) in found.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if executable:
            target.chmod(0o755)
    place.mkdir(exist_ok=True)
    return found


def _read(root: Path) -> Files:
    """Return the files of a project: those that git would list, as far as that is known."""
    found: Files = {}
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = [
            name
            for name in names
            if name not in _SKIPPED and not (here / name / "pyvenv.cfg").exists()
        ]
        for name in files:
            path = here / name
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
                continue
            status = path.stat()
            found[path.relative_to(root).as_posix()] = (
                path.read_bytes(),
                bool(status.st_mode & 0o100),
            )
    return found


def _with_renames(lock: Lock, before: Files, after: Files) -> Lock:
    """Return the lock with the new paths of files that a migration moved as they were."""
    arrived = {content: path for path, (content, _) in after.items() if path not in before}
    files = dict(lock.files)
    for path in lock.files:
        target = arrived.get(before[path][0]) if path in before and path not in after else None
        if target and target not in files:
            files[target] = files.pop(path)
    return replace(lock, files=files)


def _carry_out(place: Path, change: Change) -> None:
    target = place / change.path
    if change.action == "delete" or change.link:
        target.unlink(missing_ok=True)
    if change.action != "delete":
        write_file(place, change)


def _links(root: Path, lock: Lock) -> dict[str, bytes]:
    """Return the links of the template that stand as it made them: path → what they point to."""
    found = {path: root / path for path, file in lock.files.items()}
    return {
        path: os.fsencode(place.readlink())
        for path, place in found.items()
        if is_known_link(place, lock.files[path].id)
    }


def _changes(before: Files, after: Files, plan: Plan, links: Mapping[str, bytes]) -> list[Change]:
    """Return what the template changed, and its migrations, which see no `links`."""
    how = {change.path: change.how for change in plan.changes}
    changes = [change for change in plan.changes if change.link or change.path in links]
    linked = {change.path for change in changes}
    for path in sorted((before.keys() | after.keys()) - linked):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        known = blob_id(old[0]) if old else ""
        if new is None:
            changes.append(Change(path, "delete", known, b""))
        elif old is None:
            changes.append(Change(path, "create", "", new[0], new[1]))
        elif old[0] != new[0]:
            changes.append(Change(path, "update", known, new[0], new[1], how.get(path, "")))
    return changes


def _with_state(root: Path, plan: Plan, changes: list[Change]) -> Plan:
    """Return the plan with other changes, its state seen from the project and not from the copy."""
    state = []
    for change in plan.state:
        present = read_file(root / change.path)
        if change.action == "delete":
            if present is not None:
                state.append(replace(change, before=blob_id(present)))
        elif present != change.content:
            action, known = ("create", "") if present is None else ("update", blob_id(present))
            state.append(replace(change, action=action, before=known))  # type: ignore[arg-type]
    return replace(plan, changes=tuple(changes), state=tuple(state))

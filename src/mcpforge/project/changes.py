"""From an old and a new rendering and the user's files to a plan; pure, file by file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mcpforge.project import lock as locks
from mcpforge.project import pristine
from mcpforge.project.lock import LockedFile
from mcpforge.project.plan import Change, Clash, Plan
from mcpforge.project.relocate import Places
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mcpforge.project.lock import Lock
    from mcpforge.project.plan import Action
    from mcpforge.tree import File, Tree

    Reader = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Disk:
    """How a plan looks at a project: the user's files, the pristine texts, what `base/` holds.

    `places` says what the user has elsewhere, so that ours says it as well. With `reformatted`,
    files go with their feature though the user has them in another form.
    """

    read: Reader
    pristine: Reader
    stored: tuple[str, ...] = ()
    places: Places = field(default_factory=Places)
    reformatted: bool = False

    def untouched(self, path: str, locked: LockedFile, ours: bytes) -> bool:
        """Whether a file holds what we wrote, or would write now that others were moved."""
        if blob_id(ours) == locked.id:
            return True
        if not (self.places.files or self.places.names):
            return False
        base = self.pristine(locked.id)
        return base is not None and self.places.is_adapted(base, path, ours)

    def goes(self, path: str, locked: LockedFile, ours: bytes) -> bool:
        """Whether a file may go with its feature."""
        if self.untouched(path, locked, ours):
            return True
        return self.reformatted and self.only_reformatted(path, locked, ours)

    def only_reformatted(self, path: str, locked: LockedFile, ours: bytes) -> bool:
        """Whether a file is ours in another form."""
        base = self.pristine(locked.id)
        if base is None:
            return False
        from mcpforge.merge.formatting import only_formatted

        place = locked.at or path
        return only_formatted(place, self.places.adapt(base, path, in_order=False), ours)


@dataclass(slots=True)
class _Draft:
    changes: list[Change] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: dict[str, LockedFile] = field(default_factory=dict)


def plan_change(lock: Lock, new: Lock, theirs: Tree, disk: Disk, wiring: Iterable[str]) -> Plan:
    """Return what has to be written so that the project becomes `theirs` and keeps all edits.

    `new` is the lock to be written, its files are filled in here. `wiring` names the files that
    switch features on: one that is gone and would have changed is a clash, so that nothing is
    recorded as on that is not wired. The table of cases is that of the design.
    """
    draft = _Draft()
    wired = frozenset(wiring)
    for path in sorted(lock.files.keys() | theirs.keys()):
        _decide(draft, path, lock.files.get(path), theirs.get(path), disk, wired)
    complete = replace(new, files=draft.files)
    return Plan(
        changes=tuple(draft.changes),
        state=state_changes(complete, theirs, disk),
        notes=tuple(draft.notes),
        clashes=tuple(draft.clashes),
    )


def _decide(
    draft: _Draft,
    path: str,
    locked: LockedFile | None,
    their: File | None,
    disk: Disk,
    wiring: frozenset[str],
) -> None:
    place = (locked.at if locked else disk.places.files.get(path)) or path
    ours = disk.read(place)
    if locked is None:
        if their is not None:
            _arrive(draft, (path, place), their, ours, disk)
    elif their is None:
        _leave(draft, path, locked, ours, disk)
    else:
        draft.files[path] = LockedFile(their.ownership, their.id, at=locked.at)
        if ours is None:
            _missing(draft, path, locked, their, wiring)
        else:
            _meet(draft, path, locked, their, ours, disk)


def _arrive(
    draft: _Draft, paths: tuple[str, str], their: File, ours: bytes | None, disk: Disk
) -> None:
    path, place = paths
    draft.files[path] = LockedFile(their.ownership, their.id, at="" if place == path else place)
    content = disk.places.adapt(their.content, path)
    if ours is None:
        _check_met(draft, place, disk.places.unmet(their.content, path), "")
        draft.changes.append(
            Change(place, "create", "", content, their.executable, link=their.link)
        )
    elif ours not in (their.content, content):
        reason = "a file of yours has this name; move it, or put ours beside it by hand"
        draft.clashes.append(Clash(place, reason, blob_id(ours)))


def _check_met(draft: _Draft, place: str, unmet: Iterable[str], present: str) -> None:
    """Refuse package code that would import what is nowhere any more; of a test, say it."""
    names = ", ".join(f"`{name}`" for name in sorted(unmet))
    if not names:
        return
    if place.startswith("src/"):
        reason = f"it imports {names}, which is gone; say where a module is now by `--moved`"
        draft.clashes.append(Clash(place, reason, present))
    else:
        draft.notes.append(f"`{place}` imports {names}, which is gone: put that right by hand")


def _leave(draft: _Draft, path: str, locked: LockedFile, ours: bytes | None, disk: Disk) -> None:
    place = locked.at or path
    if ours is None:
        return
    if not locked.orphan and disk.goes(path, locked, ours):
        draft.changes.append(Change(place, "delete", blob_id(ours), b""))
        return
    draft.files[path] = replace(locked, orphan=True)
    if locked.orphan:
        return
    if disk.only_reformatted(path, locked, ours):
        draft.notes.append(f"`{place}` stays as you formatted it; `--reformatted` takes it out too")
    else:
        draft.notes.append(f"`{place}` was edited, so it stays; it belongs to no feature any more")


def _missing(
    draft: _Draft, path: str, locked: LockedFile, their: File, wiring: frozenset[str]
) -> None:
    if their.id == locked.id:
        return
    if path in wiring:
        reason = "it is gone, and what is to be wired has no place; say where it is: `--moved`"
        draft.clashes.append(Clash(path, reason))
    else:
        draft.notes.append(f"`{path}` was deleted, so it stays deleted")


def _meet(
    draft: _Draft, path: str, locked: LockedFile, their: File, ours: bytes, disk: Disk
) -> None:
    place = locked.at or path
    present = blob_id(ours)
    if their.id in (present, locked.id):
        return
    places = disk.places
    unmet = places.unmet(their.content, path)
    if unmet:
        unmet -= places.unmet(disk.pristine(locked.id) or b"", path)
        _check_met(draft, place, unmet, present)
    if disk.untouched(path, locked, ours):
        sorts = present == locked.id or places.sorts(disk.pristine(locked.id) or b"", path, ours)
        theirs = places.adapt(their.content, path, in_order=sorts)
        draft.changes.append(
            Change(place, "update", present, theirs, their.executable, link=their.link)
        )
        return
    if their.ownership == "seed" or locked.ownership == "seed":
        draft.notes.append(f"`{place}` is yours since you edited it, so it stays as it is")
        return
    base = disk.pristine(locked.id)
    if base is None:
        draft.clashes.append(
            Clash(place, "its pristine text is missing in `.mcpforge/base`", present)
        )
        return
    sorts = places.sorts(base, path, ours)
    old, new = (places.adapt(text, path, in_order=sorts) for text in (base, their.content))
    _merge(draft, place, old, ours, new)


def _merge(draft: _Draft, place: str, base: bytes, ours: bytes, theirs: bytes) -> None:
    from mcpforge.merge.driver import merge

    present = blob_id(ours)
    try:
        texts = [content.decode("utf-8") for content in (base, ours, theirs)]
    except UnicodeDecodeError:
        draft.clashes.append(Clash(place, "it is no UTF-8 text any more", present))
        return
    merged = merge(place, *texts)
    draft.notes += [f"`{place}`: {text}" for text in merged.advisories]
    content = merged.text.encode()
    if merged.conflicts:
        reason = "; ".join(dict.fromkeys(conflict.description for conflict in merged.conflicts))
        draft.clashes.append(Clash(place, reason, present, content))
    elif content != ours:
        draft.changes.append(Change(place, "update", present, content, how=merged.how))


def state_changes(new: Lock, theirs: Tree, disk: Disk) -> tuple[Change, ...]:
    """Return the changes of `.mcpforge/`: new pristine texts, those no longer needed, the lock."""
    held = pristine.stored(theirs)
    for path, file in new.files.items():
        if file.orphan and file.ownership == "managed" and path not in theirs:
            content = disk.pristine(file.id)
            if content is not None:
                held |= pristine.stored_one(file.id, content)
    here = frozenset(disk.stored)
    changes = [
        change
        for path, content in sorted(held.items())
        if path not in here and (change := _put(path, content, disk))
    ]
    for path in disk.stored:
        if path not in held:
            content = disk.read(path)
            changes.append(Change(path, "delete", blob_id(content or b""), b""))
    written = _put(locks.PATH, locks.dump(new).encode(), disk)
    return (*changes, *([written] if written else []))


def _put(path: str, content: bytes, disk: Disk) -> Change | None:
    present = disk.read(path)
    if present == content:
        return None
    action: Action = "create" if present is None else "update"
    return Change(path, action, "" if present is None else blob_id(present), content)

"""What stays when its feature goes: files that the user edited, and what those import."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcpforge.operations.uses import imported_names
from mcpforge.project.relocate import module_of

if TYPE_CHECKING:
    from mcpforge.project.changes import Disk
    from mcpforge.project.lock import Lock
    from mcpforge.tree import Tree


def edited_orphans(lock: Lock, theirs: Tree, disk: Disk) -> dict[str, str]:
    """Return place → text of the Python files that belong to no feature any more, but stay."""
    found = {}
    for path, file in lock.files.items():
        place = file.at or path
        if path in theirs or not place.endswith(".py"):
            continue
        ours = disk.read(place)
        if ours is not None and (file.orphan or not disk.goes(path, file, ours)):
            found[place] = ours.decode("utf-8", "replace")
    return found


def keep_imported(lock: Lock, theirs: Tree, disk: Disk) -> tuple[Lock, tuple[str, ...]]:
    """Return the lock with more orphans, the modules that orphans import, and what to say.

    So what the user edited can still be imported, though nothing wires it.
    """
    waiting = edited_orphans(lock, theirs, disk)
    if not waiting:
        return lock, ()
    going = {
        module_of(file.at or path): path
        for path, file in lock.files.items()
        if path.startswith("src/") and path.endswith(".py") and path not in theirs
        if (file.at or path) not in waiting
    }
    files, notes = dict(lock.files), []
    while waiting:
        place, text = waiting.popitem()
        names = {start for name in imported_names(place, text) for start in _beginnings(name)}
        for name in sorted(names & going.keys()):
            path = going.pop(name)
            kept = files[path].at or path
            content = disk.read(kept)
            if content is None:
                continue
            files[path] = replace(files[path], orphan=True)
            waiting[kept] = content.decode("utf-8", "replace")
            notes.append(f"`{kept}` stays, since `{place}`, which stays, imports it")
    return replace(lock, files=files), tuple(sorted(notes))


def _beginnings(name: str) -> list[str]:
    """Return a dotted name and the packages that it is in."""
    parts = name.split(".")
    return [".".join(parts[: number + 1]) for number in range(len(parts))]

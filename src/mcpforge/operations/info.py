"""`mcpforge info`: what a project is made of, and what was edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.catalog.resolve import resolve
from mcpforge.operations.known import known_answers
from mcpforge.operations.thirdparties import is_current, missing
from mcpforge.project import journal
from mcpforge.project import lock as locks
from mcpforge.project.files import read_link
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.project.lock import Lock


@dataclass(frozen=True, slots=True)
class Info:
    """A project as it stands. `files` maps path to `pristine`, `edited` or `missing`.

    `missing` are the features of third parties whose package or folder is not there.
    """

    root: Path
    lock: Lock
    implied: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str]
    current: bool
    interrupted: bool
    missing: tuple[str, ...] = ()


def inspect(start: Path, catalog: Catalog) -> Info:
    """Return what is known of the project that a folder belongs to; raises `ForgeError` outside."""
    root = locks.find(start)
    lock = locks.load(root)
    return Info(
        root=root,
        lock=lock,
        implied=resolve(catalog, known_answers(lock.answers, catalog)[0].features).implied_by,
        files={
            path: _state(root / (file.at or path), file.id) for path, file in lock.files.items()
        },
        current=lock.origin is not None or is_current(lock, catalog),
        interrupted=journal.pending(root),
        missing=tuple(identifier for identifier, _, _ in missing(lock, lock.answers, catalog)),
    )


def _state(path: Path, identifier: str) -> str:
    points = read_link(path)
    if points is not None and blob_id(points) == identifier:
        return "pristine"
    if not path.is_file():
        return "missing"
    return "pristine" if blob_id(path.read_bytes()) == identifier else "edited"

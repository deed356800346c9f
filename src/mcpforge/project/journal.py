"""The journal of a running apply, kept in `.mcpforge/local/`: enough to restore what was."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mcpforge import locking
from mcpforge.errors import ForgeError
from mcpforge.project.files import check_inside, is_known_link, read_known, read_link
from mcpforge.project.lock import FOLDER
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LOCAL = f"{FOLDER}/local"
LOCK = "writer.lock"
UNDO = "undo.json"
BEFORE = "before"
"""Holds the copies of a running apply; until it is through, `undo` has those of the last."""
Recovery = Literal["", "restored", "completed"]
WAIT_SECONDS = 5.0
_BUSY = "Another mcpforge is writing to this project"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a running apply: `saved` is the undo copy's name, "" where there was none."""

    path: str
    saved: str
    after: str


def folder(root: Path) -> Path:
    """Return `.mcpforge/local`, made with mode 0700 where it is missing.

    Raises `ForgeError` where one of the two is a symbolic link.
    """
    local = root / LOCAL
    for path in (root / FOLDER, local):
        if path.is_symlink():
            raise ForgeError(
                f"`{path}` is a symbolic link, mcpforge writes through none",
                hint="Replace it by a folder.",
                code="outside",
            )
    local.mkdir(parents=True, exist_ok=True, mode=0o700)
    return local


@contextlib.contextmanager
def writer(root: Path) -> Iterator[None]:
    """Hold the project's one writer's lock; raises `ForgeError` after 5 s of waiting."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        handle = os.open(folder(root) / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            locking.acquire(handle, deadline, _BUSY)
            if _is_current(handle, root):  # else who held it before took its state away
                yield
                return
        finally:
            os.close(handle)


def _is_current(handle: int, root: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), (root / LOCAL / LOCK).stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[bool]:
    """Hold a lock on a folder itself, and say whether the file system gave one."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        alone = True
        try:
            locking.acquire(handle, time.monotonic() + WAIT_SECONDS, _BUSY)
        except OSError:  # not on every network file system
            alone = False
        yield alone
    finally:
        os.close(handle)


def is_free(root: Path) -> bool:
    """Say whether the writer's lock of this folder is there and nobody holds it."""
    try:
        handle = os.open(root / LOCAL / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return locking.try_to(handle)
    except OSError:
        return False
    finally:
        os.close(handle)


def write(root: Path, entries: list[Entry], made: list[str]) -> None:
    """Write the journal and make sure that it is on the disk; `made` lists new folders."""
    data = {
        "entries": [{"path": e.path, "saved": e.saved, "after": e.after} for e in entries],
        "made": made,
    }
    path = folder(root) / "journal.json"
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def pending(root: Path) -> bool:
    """Say whether an apply was cut short."""
    return (root / LOCAL / "journal.json").is_file()


def recover(root: Path) -> Recovery:
    """Put an end to an apply that was cut short: forget it where all was written, else restore."""
    if not pending(root):
        clear(root)
        return ""
    if any(_before(root, entry) in (None, _present(root, entry)) for entry in _changed(root)):
        restore(root)
        return "restored"
    finish(root)
    return "completed"


def restore(root: Path) -> list[str]:
    """Put back every file of the journal as it was, and return their paths; idempotent.

    A file that somebody changed since (neither the old nor the new content) is left alone. Nothing
    is copied, so that it works on a full disk.
    """
    restored = []
    for entry in reversed(_changed(root)):
        target = root / entry.path
        if _present(root, entry) != entry.after:
            continue
        if entry.saved:
            target.parent.mkdir(parents=True, exist_ok=True)
            put(_copies(root) / entry.saved, target)
        else:
            target.unlink(missing_ok=True)
        restored.append(entry.path)
    for name in reversed(_load(root)["made"]):
        with contextlib.suppress(OSError):
            (root / name).rmdir()
    clear(root)
    return restored


def put(staged: Path, target: Path) -> None:
    """Move a file or link to its place, where nothing but an empty folder may be in the way."""
    if target.is_dir() and not target.is_symlink():
        target.rmdir()
    staged.replace(target)


def _load(root: Path) -> Any:
    """Return the journal; raises `ForgeError` for one that names what it never would."""
    data = json.loads((root / LOCAL / "journal.json").read_text(encoding="utf-8"))
    _entries(root, data)
    for name in data["made"]:
        check_inside(root, name)
    return data


def _entries(root: Path, data: Any) -> list[Entry]:
    """Return the entries of a journal, which may have come with a project from anywhere.

    Raises `ForgeError` for paths out of the project, in its repository, or of other copies.
    """
    entries = [Entry(**raw) for raw in data["entries"]]
    for entry in entries:
        check_inside(root, entry.path, link=True)
        if (entry.saved and not entry.saved.isdecimal()) or _is_git(entry.path):
            raise ForgeError(
                f"`{entry.path}` stands in the journal, and mcpforge never wrote that",
                hint=f"Look at `{LOCAL}`, and take it away where you don't know it.",
                code="outside",
            )
    return entries


def _is_git(path: str) -> bool:
    return path.partition("/")[0].casefold() == ".git"


def _changed(root: Path) -> list[Entry]:
    """Return the entries whose old and new content differ, or whose old one is put back already."""
    entries = _entries(root, _load(root))
    return [entry for entry in entries if _before(root, entry) != entry.after]


def _copies(root: Path) -> Path:
    """Return where the copies of the journal's apply are; `finish` has renamed them at its end."""
    before = root / LOCAL / BEFORE
    return before if before.is_dir() else root / LOCAL / "undo"


def _before(root: Path, entry: Entry) -> str | None:
    """Return the id of the saved content; None where it is put back already."""
    if not entry.saved:
        return ""
    saved = _copies(root) / entry.saved
    points = read_link(saved)
    if points is not None:
        return blob_id(points)
    return blob_id(saved.read_bytes()) if saved.is_file() else None


def _present(root: Path, entry: Entry) -> str:
    """Return the id of what is there; a link that we made counts as what it points to."""
    content = read_known(root / entry.path, entry.after)
    return "" if content is None else blob_id(content)


def is_link(root: Path, entry: Entry) -> bool:
    """Say whether an entry is a symbolic link, as it was or as it was written."""
    return saved_is_link(root, entry) or is_known_link(root / entry.path, entry.after)


def finish(root: Path) -> None:
    """Make the journal of a complete apply what `undo` reads, in steps that may be repeated."""
    local = root / LOCAL
    shutil.rmtree(local / "stage", ignore_errors=True)
    if (local / BEFORE).is_dir():
        (local / UNDO).unlink(missing_ok=True)
        shutil.rmtree(local / "undo", ignore_errors=True)
        (local / BEFORE).rename(local / "undo")
    (local / "journal.json").replace(local / UNDO)


def remember_new(root: Path, after: Mapping[str, str]) -> None:
    """Write what `undo` reads of a project that was not there before: path → blob id."""
    entries = [
        {"path": path, "saved": "", "after": identifier} for path, identifier in after.items()
    ]
    text = json.dumps({"entries": entries, "made": []})
    (folder(root) / UNDO).write_text(text, encoding="utf-8")


def last(root: Path) -> list[Entry] | None:
    """Return what the last complete apply did, or None where nothing is remembered."""
    try:
        data = json.loads((root / LOCAL / UNDO).read_text(encoding="utf-8"))
        return _entries(root, data)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _undo_copy(root: Path, entry: Entry) -> Path:
    return root / LOCAL / "undo" / entry.saved


def saved_content(root: Path, entry: Entry) -> bytes | None:
    """Return the content that a file had before the last apply; None where it was not there."""
    if not entry.saved:
        return None
    path = _undo_copy(root, entry)
    points = read_link(path)
    return path.read_bytes() if points is None else points


def saved_is_link(root: Path, entry: Entry) -> bool:
    """Say whether there was a symbolic link before the last apply."""
    return bool(entry.saved) and _undo_copy(root, entry).is_symlink()


def saved_mode(root: Path, entry: Entry) -> int | None:
    """Return the permissions that a file had before the last apply; None for a link or no file."""
    path = _undo_copy(root, entry)
    if not entry.saved or path.is_symlink():
        return None
    return path.stat().st_mode & 0o777


def clear(root: Path) -> None:
    """Forget an apply that is undone or was never begun; what `undo` reads stays."""
    (root / LOCAL / "journal.json").unlink(missing_ok=True)
    for name in ("stage", BEFORE):
        shutil.rmtree(root / LOCAL / name, ignore_errors=True)

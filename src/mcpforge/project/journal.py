"""The journal of a running apply, kept in `.mcpforge/local/`: enough to restore what was."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mcpforge.errors import ForgeError
from mcpforge.project.lock import FOLDER
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LOCAL = f"{FOLDER}/local"
LOCK = "writer.lock"
UNDO = "undo.json"
Recovery = Literal["", "restored", "completed"]
WAIT_SECONDS = 5.0


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
            _wait(handle, deadline)
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


def _wait(handle: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ForgeError(
                    "Another mcpforge is writing to this project",
                    hint="Wait until it is done, then try again.",
                    code="locked",
                ) from None
            time.sleep(0.05)
        else:
            return


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
            _wait(handle, time.monotonic() + WAIT_SECONDS)
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
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
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
        shutil.rmtree(root / LOCAL / "stage", ignore_errors=True)
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
            (root / LOCAL / "undo" / entry.saved).replace(target)
        else:
            target.unlink(missing_ok=True)
        restored.append(entry.path)
    for name in reversed(_load(root)["made"]):
        with contextlib.suppress(OSError):
            (root / name).rmdir()
    clear(root)
    return restored


def _load(root: Path) -> Any:
    return json.loads((root / LOCAL / "journal.json").read_text(encoding="utf-8"))


def _changed(root: Path) -> list[Entry]:
    """Return the entries whose old and new content differ, or whose old one is put back already."""
    entries = [Entry(**raw) for raw in _load(root)["entries"]]
    return [entry for entry in entries if _before(root, entry) != entry.after]


def _before(root: Path, entry: Entry) -> str | None:
    """Return the id of the saved content; None where it is put back already."""
    if not entry.saved:
        return ""
    saved = root / LOCAL / "undo" / entry.saved
    return blob_id(saved.read_bytes()) if saved.is_file() else None


def _present(root: Path, entry: Entry) -> str:
    target = root / entry.path
    return blob_id(target.read_bytes()) if target.is_file() else ""


def finish(root: Path) -> None:
    """Make the journal of a complete apply what `undo` reads."""
    shutil.rmtree(root / LOCAL / "stage", ignore_errors=True)
    (root / LOCAL / "journal.json").replace(root / LOCAL / UNDO)


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
        return [Entry(**raw) for raw in data["entries"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def saved_content(root: Path, entry: Entry) -> bytes | None:
    """Return the content that a file had before the last apply; None where it was not there."""
    return (root / LOCAL / "undo" / entry.saved).read_bytes() if entry.saved else None


def clear(root: Path) -> None:
    """Forget the journal: the apply is complete, or undone."""
    shutil.rmtree(root / LOCAL / "stage", ignore_errors=True)
    (root / LOCAL / "journal.json").unlink(missing_ok=True)

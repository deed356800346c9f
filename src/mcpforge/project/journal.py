"""The journal of a running apply, kept in `.mcpforge/local/`: enough to restore what was."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.project.lock import FOLDER
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCAL = f"{FOLDER}/local"
WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a running apply: `saved` is the undo copy's name, "" where there was none."""

    path: str
    saved: str
    after: str


def folder(root: Path) -> Path:
    """Return `.mcpforge/local`, made with mode 0700 where it is missing."""
    local = root / LOCAL
    local.mkdir(parents=True, exist_ok=True, mode=0o700)
    return local


@contextlib.contextmanager
def writer(root: Path) -> Iterator[None]:
    """Hold the project's one writer's lock; raises `ForgeError` after 5 s of waiting."""
    path = folder(root) / "writer.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait(handle)
        yield
    finally:
        os.close(handle)


def _wait(handle: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
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


def is_free(root: Path) -> bool:
    """Say whether the writer's lock of this folder is there and nobody holds it."""
    try:
        handle = os.open(root / LOCAL / "writer.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:  # just begun: the lock is the first thing that it writes
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
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


def restore(root: Path) -> list[str]:
    """Put back every file of the journal as it was, and return their paths; idempotent.

    A file that somebody changed since (neither the old nor the new content) is left alone.
    """
    path = root / LOCAL / "journal.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    restored = []
    for raw in reversed(data["entries"]):
        target = root / raw["path"]
        present = blob_id(target.read_bytes()) if target.is_file() else ""
        if present != raw["after"]:
            continue
        if raw["saved"]:
            saved = root / LOCAL / "undo" / raw["saved"]
            draft = target.with_name(f".{target.name}.mcpforge")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(saved, draft)
            draft.replace(target)
        else:
            target.unlink(missing_ok=True)
        restored.append(raw["path"])
    for name in reversed(data["made"]):
        with contextlib.suppress(OSError):
            (root / name).rmdir()
    clear(root)
    return restored


def clear(root: Path) -> None:
    """Forget the journal: the apply is complete, or undone."""
    (root / LOCAL / "journal.json").unlink(missing_ok=True)
    shutil.rmtree(root / LOCAL / "stage", ignore_errors=True)

"""Single files and folders of a project: read, written, made and removed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mcpforge.project.plan import Change

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


def write_file(root: Path, change: Change, name: str = "") -> None:
    """Write one file of a plan below a folder, under its own path or another name."""
    path = root / (name or change.path)
    if change.link:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(os.fsdecode(change.content))
        return
    try:
        handle = os.open(path, _CREATE, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, _CREATE, 0o666)
    try:
        rest = memoryview(change.content)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)
    if change.mode is not None:
        path.chmod(change.mode)
    elif change.executable:
        path.chmod(path.stat().st_mode | 0o111 & ~umask())


def mode_over(present: int, change: Change) -> int:
    """Return the permissions of a file that replaces one with those that are `present`.

    They stay as the user has them, but for who may run it: nobody does who can't read it.
    """
    if change.mode is not None:
        return present & ~0o111 | change.mode & 0o111 & present >> 2
    return present | (0o111 & ~umask() if change.executable else 0)


def read_file(path: Path) -> bytes | None:
    """Return the content of a file, or None where there is none."""
    return path.read_bytes() if path.is_file() else None


def read_known(path: Path, identifier: str) -> bytes | None:
    """Return the content of a file, or what a link points to where that has the id we know."""
    return read_link(path) if is_known_link(path, identifier) else read_file(path)


def is_known_link(path: Path, identifier: str) -> bool:
    """Say whether there is a symbolic link, and it points to what has this id."""
    points = read_link(path)
    return points is not None and blob_id(points) == identifier


def read_present(root: Path, change: Change) -> bytes | None:
    """Return what a change would replace, as its plan saw it; None where there is nothing."""
    path = root / change.path
    points = read_link(path) if change.link else None
    return read_known(path, change.before) if points is None else points


def read_link(path: Path) -> bytes | None:
    """Return what a symbolic link points to, or None where there is none."""
    return os.fsencode(os.readlink(path)) if path.is_symlink() else None  # noqa: PTH115 - as it is


def new_folders(root: Path, changes: tuple[Change, ...]) -> list[str]:
    """Return the folders that a plan makes, outermost first."""
    found: dict[str, None] = {}
    for change in changes:
        for parent in reversed(PurePosixPath(change.path).parents):
            if parent.name and not (root / parent).exists():
                found[parent.as_posix()] = None
    return list(found)


def prune(root: Path, gone: Iterable[str]) -> None:
    """Remove the folders that the deletion of these files left empty."""
    folders = {parent for path in gone for parent in PurePosixPath(path).parents if parent.name}
    for folder in sorted(folders, key=lambda item: -len(item.parts)):
        with contextlib.suppress(OSError):
            (root / folder).rmdir()


def check_inside(root: Path, path: str, *, link: bool = False) -> None:
    """Raise `ForgeError` for a path that leaves the folder, also through a symbolic link.

    `link` means that the path is that of a link itself, which may lead anywhere inside.
    """
    pure = PurePosixPath(path)
    inside = not pure.is_absolute() and ".." not in pure.parts and bool(pure.parts)
    real = root.resolve()
    place = (root / path).parent.resolve() / pure.name if link else (root / path).resolve()
    linked = (root / path).is_symlink() and not link
    if not inside or real not in place.parents or linked:
        here = inside and real in place.parents
        what = "is a symbolic link" if here else "leads out of the project"
        raise ForgeError(
            f"`{path}` {what}",
            hint="mcpforge writes no file through a symbolic link.",
            code="outside",
        )


def umask() -> int:
    """Return the bits that new files don't get."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask

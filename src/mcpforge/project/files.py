"""Single files and folders of a project: read, written, made and removed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError

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
    if change.executable:
        path.chmod(path.stat().st_mode | 0o111 & ~umask())


def read_file(path: Path, *, link: bool = False) -> bytes | None:
    """Return the content of a file, or what a `link` points to; None where there is none."""
    if link:
        return read_link(path)
    return path.read_bytes() if path.is_file() else None


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
    if not inside or real not in place.parents or ((root / path).is_symlink() and not link):
        raise ForgeError(
            f"`{path}` leads out of the project",
            hint="mcpforge writes no file through a symbolic link.",
            code="outside",
        )


def umask() -> int:
    """Return the bits that new files don't get."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask

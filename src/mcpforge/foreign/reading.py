"""A rendered folder, read back as a tree within the limits."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mcpforge.characters import CONTROL, fold
from mcpforge.errors import ForgeError
from mcpforge.foreign import limits
from mcpforge.tree import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.tree import Ownership, Tree

_RESERVED = frozenset({".git", ".mcpforge"})
_ENVIRONMENT = "pyvenv.cfg"


def read_tree(root: Path, once: frozenset[str]) -> tuple[Tree, list[str]]:
    """Return all files and links below a folder, and the folders that were left out.

    Repositories and virtual environments, which only tasks can make, are left out: neither can be
    moved. `once` are the paths that a template writes only where they are missing. Raises
    `ForgeError` for more than the limits allow, for a link that leaves the folder, and for what is
    neither file nor folder.
    """
    meter = limits.Meter()
    found: Tree = {}
    dropped: list[str] = []
    for entry in _walk(root, dropped) if root.is_dir() else ():
        path = Path(entry.path).relative_to(root).as_posix()
        _check_path(path)
        if entry.is_symlink():
            meter.count(lambda: 0)
            found[path] = _link(root, entry, path)
        elif entry.is_file(follow_symlinks=False):
            status = entry.stat(follow_symlinks=False)
            meter.count(lambda size=status.st_size: size)  # type: ignore[misc]
            content = Path(entry.path).read_bytes()
            ownership: Ownership = "seed" if path in once else "managed"
            found[path] = File(content, ownership, executable=bool(status.st_mode & 0o100))
        else:
            raise ForgeError(
                f"The template makes `{path}`, which is no file", code="template_unsafe"
            )
    return dict(sorted(found.items())), dropped


def _walk(folder: Path, dropped: list[str]) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda item: item.name):
            if not entry.is_dir(follow_symlinks=False):
                yield entry
            elif entry.name == ".git" or (Path(entry.path) / _ENVIRONMENT).is_file():
                dropped.append(entry.name)
            else:
                yield from _walk(Path(entry.path), dropped)


def _check_path(path: str) -> None:
    if _RESERVED & {part.lower() for part in PurePosixPath(path).parts}:
        raise ForgeError(
            f"The template writes `{path}`, a place that no template may write",
            code="template_unsafe",
        )
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ForgeError(
            "The template makes a file whose name is no Unicode text", code="template_unsafe"
        ) from None
    if CONTROL.search(path):
        raise ForgeError(
            f"The template makes a file whose name holds control characters: `{fold(path)}`",
            code="template_unsafe",
        )


def _link(root: Path, entry: os.DirEntry[str], path: str) -> File:
    target = os.readlink(entry.path)  # noqa: PTH115 - its text as it is
    place = os.path.normpath(Path(entry.path).parent / target)
    if os.path.isabs(target) or not Path(place).is_relative_to(root):  # noqa: PTH117
        raise ForgeError(
            f"The template makes the link `{path}`, which leads out of the project",
            code="template_unsafe",
        )
    return File(os.fsencode(target), "seed", link=True)

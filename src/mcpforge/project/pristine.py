"""The pristine text of every managed file, kept in `.mcpforge/base/` and committed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from mcpforge.project.lock import FOLDER
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.tree import Tree

BASE = f"{FOLDER}/base"
_ATTRIBUTES = b"base/** binary linguist-generated\n"
_IGNORED = b"local/\n"


def stored(tree: Tree) -> dict[str, bytes]:
    """Return path → content of what `.mcpforge/` holds beside the lock.

    Each managed file is stored once under its git blob id, compressed: branches never conflict
    there, and the base of a merge is at hand offline.
    """
    held: dict[str, bytes] = {}
    for file in tree.values():
        if file.ownership == "managed":
            held |= stored_one(file.id, file.content)
    return {
        f"{FOLDER}/.gitattributes": _ATTRIBUTES,
        f"{FOLDER}/.gitignore": _IGNORED,
        **held,
    }


def stored_one(identifier: str, content: bytes) -> dict[str, bytes]:
    """Return path → content of one pristine text."""
    return {f"{BASE}/{identifier}": zlib.compress(content, 1)}


def listed(root: Path) -> tuple[str, ...]:
    """Return the paths of all pristine texts that a project holds."""
    found = (root / BASE).glob("?" * 40)
    return tuple(sorted(path.relative_to(root).as_posix() for path in found))


def read(root: Path, identifier: str) -> bytes | None:
    """Return the pristine content with this blob id, or None where it is not held."""
    path = root / BASE / identifier
    try:
        return zlib.decompress(path.read_bytes())
    except (FileNotFoundError, zlib.error):
        return None


def is_whole(path: Path) -> bool:
    """Say whether a stored text is what its name says."""
    try:
        return blob_id(zlib.decompress(path.read_bytes())) == path.name
    except (OSError, zlib.error):
        return False

"""The files below a folder of features, taken one by one and never more than the limits allow."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.catalog.strict import refused, shown
from mcpforge.characters import CONTROL
from mcpforge.confine import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

IGNORED = frozenset({"__pycache__", ".DS_Store", "__init__.py", "py.typed", "README.md"})
_LIMITS = Limits()
_MOST_BYTES = 1_000_000
_DEPTH = 16


def texts_of(root: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of every file that belongs to a group, in a fixed order.

    Raises `ForgeError` for a link, what is no plain file of UTF-8 text, and for too much of it.
    """
    total = 0
    for count, (path, entry) in enumerate(_walk(root), 1):
        if count > _LIMITS.files:
            raise refused(f"There are more than {_LIMITS.files:,} files", code="limit")
        content = _content(path, entry)
        total += len(content)
        if total > _LIMITS.output:
            raise refused(
                f"The files have more than {_LIMITS.output // 1_000_000} MB", code="limit"
            )
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise refused(f"`{shown(path)}` is no UTF-8 text") from None
        if CONTROL.search(text):
            raise refused(f"`{shown(path)}` holds a character that no text file can hold")
        yield path, text


def _walk(root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the files below the folders of groups; what else a package holds is not looked at."""
    seen = 0
    waiting = [("", str(root))]
    while waiting:
        inside, folder = waiting.pop()
        for entry in _entries(folder):
            seen += 1
            path = f"{inside}{entry.name}"
            if entry.name in IGNORED or (not inside and not _is_group(entry)):
                continue
            if entry.is_symlink():
                raise refused(f"`{shown(path)}` is a symbolic link", hint="Put the file there.")
            if entry.is_dir(follow_symlinks=False):
                if path.count("/") > _DEPTH or seen > 4 * _LIMITS.files:
                    raise refused(f"`{shown(path)}`: too many folders", code="limit")
                waiting.append((f"{path}/", entry.path))
            else:
                yield path, entry


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        name = shown(Path(folder).name)
        raise refused(f"`{name}` can't be read: {(error.strerror or '').lower()}") from None


def _is_group(entry: os.DirEntry[str]) -> bool:
    """Whether an entry of the root is for us: a folder with a manifest in it or one level below."""
    if not entry.is_dir() or entry.name.startswith("."):
        return False
    inside = _entries(entry.path)
    return any(
        item.name == "group.toml" or os.path.lexists(f"{item.path}/feature.toml") for item in inside
    )


def _content(path: str, entry: os.DirEntry[str]) -> bytes:
    if not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
        raise refused(f"`{shown(path)}` is no plain file")
    try:
        handle = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise refused(f"`{shown(path)}` can't be read: {(error.strerror or '').lower()}") from None
    if len(content) > _MOST_BYTES:
        raise refused(f"`{shown(path)}` is larger than {_MOST_BYTES // 1_000_000} MB", code="limit")
    return content

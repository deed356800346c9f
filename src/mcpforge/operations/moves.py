"""Where a file of ours went that the user moved: the same names, mostly the same lines."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mcpforge.operations.uses import python_files, top_level_names
from mcpforge.project import pristine

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mcpforge.project.lock import Lock

# As `git diff --find-renames` decides by default: half of the lines are the same.
SIMILAR = 0.5


def find_moves(root: Path, lock: Lock, absent: Iterable[str]) -> dict[str, str]:
    """Return old path → new path for missing Python files that are found elsewhere.

    A candidate is no file of ours, defines all names that the pristine text defines, and is similar
    to it; where several are, nothing is guessed.
    """
    ours = {file.at or path for path, file in lock.files.items()}
    others = [path for path in python_files(root) if path not in ours]
    found = {}
    for path in absent:
        content = pristine.read(root, lock.files[path].id)
        if not content:
            continue
        matches = [other for other in others if _same(root / other, content.decode())]
        if len(matches) == 1:
            found[path] = matches[0]
    return found


def _same(path: Path, text: str) -> bool:
    try:
        other = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    names = top_level_names(text)
    if not names or not names <= top_level_names(other):
        return False
    matcher = difflib.SequenceMatcher(None, text.splitlines(), other.splitlines(), autojunk=False)
    return matcher.ratio() >= SIMILAR

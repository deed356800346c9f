"""Relative imports of a module, rewritten for the place where the user moved it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_RELATIVE = re.compile(r"^(\s*from )(\.+)([\w.]*)( import )", re.MULTILINE)


def relocate(text: str, old: str, new: str) -> str:
    """Return a module's text with its relative imports as they read from another path.

    Both are POSIX paths below the same root; what was a relative import stays one.
    """
    before, after = PurePosixPath(old).parent.parts, PurePosixPath(new).parent.parts
    if before == after:
        return text

    def rewritten(found: re.Match[str]) -> str:
        level = len(found[2])
        target = (*before[: len(before) - level + 1], *filter(None, found[3].split(".")))
        return f"{found[1]}{_relative(target, after)}{found[4]}"

    return _RELATIVE.sub(rewritten, text)


def _relative(target: tuple[str, ...], place: tuple[str, ...]) -> str:
    shared = 0
    while shared < min(len(target), len(place)) and target[shared] == place[shared]:
        shared += 1
    return "." * (len(place) - shared + 1) + ".".join(target[shared:])

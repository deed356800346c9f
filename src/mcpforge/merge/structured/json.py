"""JSON by key, in the indentation that the user has."""

from __future__ import annotations

import json
import re
from typing import Any

from mcpforge.merge.edits import Clash


def merge(base: str, ours: str, theirs: str) -> str:
    """Return the user's text with what changed; raises `Clash` for a conflict."""
    try:
        old, mine, new = (json.loads(text) for text in (base, ours, theirs))
    except ValueError:
        raise Clash("your file can't be read as JSON") from None
    found = re.search(r"^([ \t]+)\S", ours, re.MULTILINE)
    indent = found[1] if found else None
    escaped = ours.isascii()
    if json.dumps(mine, indent=indent, ensure_ascii=escaped) != ours.strip():
        raise Clash("your file is laid out by hand")
    text = json.dumps(_merged(old, mine, new, ""), indent=indent, ensure_ascii=escaped)
    return text + ours[len(ours.rstrip()) :]


def _merged(old: Any, mine: Any, new: Any, path: str) -> Any:
    if new in (old, mine):
        return mine
    if isinstance(mine, dict) and isinstance(new, dict) and isinstance(old, dict | None):
        return _table(old or {}, mine, new, path)
    if isinstance(mine, list) and isinstance(new, list) and isinstance(old, list | None):
        kept = [item for item in mine if item in new or item not in (old or [])]
        return kept + [item for item in new if item not in (old or []) and item not in kept]
    if mine == old:
        return new
    raise Clash(f"`{path}` was changed by you and by the templates")


def _table(
    old: dict[str, Any], mine: dict[str, Any], new: dict[str, Any], path: str
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in mine.items():
        here = f"{path}.{key}" if path else key
        if key in new:
            result[key] = _merged(old.get(key), value, new[key], here)
        elif key not in old:
            result[key] = value
        elif old[key] != value:
            raise Clash(f"`{here}` is to go, and you changed it")
    order = list(new)
    for key, value in new.items():
        if key in old and key not in mine and old[key] != value:
            raise Clash(f"`{path}.{key}` changes, and you took it out")
        if key not in old and key not in mine:
            earlier = [each for each in order[: order.index(key)] if each in result]
            items = list(result.items())
            at = list(result).index(earlier[-1]) + 1 if earlier else 0
            result = dict([*items[:at], (key, value), *items[at:]])
    return result

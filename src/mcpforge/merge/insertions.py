"""Lines that the user put between those of the templates, kept apart while those are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.merge.differences import changes
from mcpforge.merge.endings import joined, split
from mcpforge.merge.lines import chosen, clean, merge_lines

if TYPE_CHECKING:
    from collections.abc import Sequence


def merge_around(base: str, ours: str, theirs: str) -> str | None:
    """Return the merged lines, with what the user only added beside what it stood at.

    Nothing is returned where the user and the templates changed the same lines of the templates.
    """
    old, mine, new = split(base), split(ours), split(theirs)
    added: dict[int, list[str]] = {}
    rest: list[str] = []
    at = 0
    for change in changes(old, mine):
        rest += old[at : change.start]
        lines = mine[change.new_start : change.new_end]
        if change.start == change.end:
            added[change.start] = lines
        else:
            rest += lines
        at = change.end
    parts = merge_lines(old, [*rest, *old[at:]], new)
    return joined(_with(added, old, chosen(parts))) if clean(parts) else None


def _with(added: dict[int, list[str]], old: Sequence[str], merged: list[str]) -> list[str]:
    """Put added lines above the line of the templates that they stood above, or the next left."""
    place: dict[int, int] = {}
    at = 0
    for change in changes(old, merged):
        place.update(
            (number, change.new_start - change.start + number) for number in range(at, change.start)
        )
        at = change.end
    place.update((number, len(merged) - len(old) + number) for number in range(at, len(old)))
    into: dict[int, list[str]] = {}
    for start, lines in added.items():
        below = next((place[number] for number in range(start, len(old)) if number in place), None)
        into.setdefault(len(merged) if below is None else below, []).extend(lines)
    result = []
    for number, line in enumerate([*merged, None]):
        result += [*into.get(number, []), *([] if line is None else [line])]
    return result

"""The three-way merge of lines, in which neighbours that only touch are no conflict."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mcpforge.merge.differences import changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OURS, BASE, SPLIT, THEIRS = "<<<<<<< yours", "||||||| base", "=======", ">>>>>>> mcpforge"


@dataclass(frozen=True, slots=True)
class Hunk:
    """A place where both sides replaced the same lines differently; `line` counts ours from 1."""

    base: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    line: int


Part = tuple[str, ...] | Hunk


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    lines: tuple[str, ...]
    mine: bool
    line: int

    @property
    def inserts(self) -> bool:
        return self.start == self.end

    def collides(self, other: _Edit) -> bool:
        """Say whether both want the same lines; what merely touches does not collide."""
        if self.inserts and other.inserts:
            return False
        if self.inserts:
            return other.start < self.start < other.end
        if other.inserts:
            return self.start < other.start < self.end
        return max(self.start, other.start) < min(self.end, other.end)


def merge_lines(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], *, strict: bool = False
) -> list[Part]:
    """Return the merged parts in order: lines, and hunks for what collides.

    A strict merge also takes changes that touch each other for a collision, as git does.
    """
    edits = sorted(
        [*_edits(base, ours, mine=True), *_edits(base, theirs, mine=False)],
        key=lambda edit: (edit.start, edit.end, not edit.mine),
    )
    parts: list[Part] = []
    at = 0
    for group in _groups(edits, strict=strict):
        start = min(edit.start for edit in group)
        end = max(edit.end for edit in group)
        parts.append(tuple(base[at:start]))
        parts += _merged(base, group, start, end)
        at = end
    parts.append(tuple(base[at:]))
    return _without_repeats([part for part in parts if part])


def _edits(base: Sequence[str], side: Sequence[str], *, mine: bool) -> list[_Edit]:
    return [
        _Edit(
            change.start,
            change.end,
            tuple(side[change.new_start : change.new_end]),
            mine,
            change.new_start + 1,
        )
        for change in changes(base, side)
    ]


def _groups(edits: Iterable[_Edit], *, strict: bool) -> list[list[_Edit]]:
    """Put edits that collide, or insert at the same point, together."""
    groups: list[list[_Edit]] = []
    for edit in edits:
        if groups and any(_belongs(edit, other, strict=strict) for other in groups[-1]):
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _belongs(edit: _Edit, other: _Edit, *, strict: bool) -> bool:
    if strict and edit.mine != other.mine:
        return edit.start <= other.end
    same_point = edit.inserts and other.inserts and edit.start == other.start
    return same_point or edit.collides(other)


def _merged(base: Sequence[str], group: Sequence[_Edit], start: int, end: int) -> list[Part]:
    mine = [edit for edit in group if edit.mine]
    other = [edit for edit in group if not edit.mine]
    if not mine or not other:
        return [_applied(base, group, start, end)]
    ours, theirs = _applied(base, mine, start, end), _applied(base, other, start, end)
    if ours == theirs:
        return [ours]
    if start == end:
        before = base[start - 1] if start else None
        after = base[start] if start < len(base) else None
        return [_both(before, ours, theirs, after)]
    if not any(edit.lines for edit in group):
        gone = {number for edit in group for number in range(edit.start, edit.end)}
        return [tuple(base[number] for number in range(start, end) if number not in gone)]
    line = mine[0].line - (mine[0].start - start)
    return [Hunk(tuple(base[start:end]), ours, theirs, line)]


def _applied(base: Sequence[str], edits: Iterable[_Edit], start: int, end: int) -> tuple[str, ...]:
    lines: list[str] = []
    at = start
    for edit in edits:
        lines += [*base[at : edit.start], *edit.lines]
        at = edit.end
    return (*lines, *base[at:end])


def _both(
    before: str | None, ours: tuple[str, ...], theirs: tuple[str, ...], after: str | None
) -> tuple[str, ...]:
    """Return both insertions: what holds the other, sorted in a sorted place, else ours first."""
    if _holds(ours, theirs):
        return ours
    if _holds(theirs, ours):
        return theirs
    if all(_in_order(before, lines, after) for lines in (ours, theirs)):
        return tuple(sorted({*ours, *theirs}))
    return (*ours, *theirs)


def _holds(whole: tuple[str, ...], part: tuple[str, ...]) -> bool:
    last = len(whole) - len(part)
    return any(whole[at : at + len(part)] == part for at in range(last + 1))


def _in_order(before: str | None, lines: tuple[str, ...], after: str | None) -> bool:
    """Say whether lines and their neighbours are single entries in strictly rising order."""
    around = [line for line in (before, after) if line is not None and _alike(line, lines[0])]
    if not around or not all(line.strip() and _alike(line, lines[0]) for line in lines):
        return False
    first = [before] if before is not None and _alike(before, lines[0]) else []
    last = [after] if after is not None and _alike(after, lines[0]) else []
    run = [*first, *lines, *last]
    return all(one < two for one, two in pairwise(run))


def _alike(one: str, two: str) -> bool:
    """Say whether two lines are entries of one kind: same indentation, same beginning."""
    return _lead(one) == _lead(two) != ""


def _lead(line: str) -> str:
    text = line.lstrip()
    kind = text[:1] if text[:1] in "\"'" else text.split(" ", 1)[0] if " " in text else ""
    return line[: len(line) - len(text)] + kind if kind in {'"', "'", "from", "import"} else ""


def _without_repeats(parts: list[Part]) -> list[Part]:
    """Join neighbouring lines into one part."""
    joined: list[Part] = []
    for part in parts:
        if joined and not isinstance(part, Hunk) and not isinstance(joined[-1], Hunk):
            joined[-1] = (*joined[-1], *part)
        else:
            joined.append(part)
    return joined


def clean(parts: Iterable[Part]) -> bool:
    """Say whether nothing collided."""
    return not any(isinstance(part, Hunk) for part in parts)


def chosen(parts: Iterable[Part]) -> list[str]:
    """Return the lines, with ours where something collided."""
    return [line for part in parts for line in (part.ours if isinstance(part, Hunk) else part)]


def marked(parts: Iterable[Part]) -> list[str]:
    """Return the lines, with diff3 markers where something collided."""
    lines: list[str] = []
    for part in parts:
        if isinstance(part, Hunk):
            lines += [OURS, *part.ours, BASE, *part.base, SPLIT, *part.theirs, THEIRS]
        else:
            lines += part
    return lines

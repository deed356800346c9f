"""The difference of two sequences of lines, by Myers' algorithm, shown as git would show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Change:
    """Lines `start:end` of the old sequence became `new_start:new_end` of the new one."""

    start: int
    end: int
    new_start: int
    new_end: int


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """Return what changed, in order; between two changes stands at least one common line."""
    head, tail = _common_ends(old, new)
    gone = [False] * len(old)
    come = [False] * len(new)
    _mark(old, new, head, tail, (gone, come))
    old_runs, new_runs = _runs(gone), _runs(come)
    _slide(old, old_runs, new_runs)
    _slide(new, new_runs, old_runs)
    found = []
    at = here = 0
    for removed, added in zip(old_runs, new_runs, strict=True):
        if removed or added:
            found.append(Change(at, at + removed, here, here + added))
        at += removed + 1
        here += added + 1
    return found


def _common_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return head, tail


def _mark(
    old: Sequence[str],
    new: Sequence[str],
    head: int,
    tail: int,
    marks: tuple[list[bool], list[bool]],
) -> None:
    """Mark the lines that have no partner; lines that only one side knows are set aside first."""
    gone, come = marks
    old_range, new_range = range(head, len(old) - tail), range(head, len(new) - tail)
    old_known, new_known = set(old), set(new)
    left = [number for number in old_range if old[number] in new_known]
    right = [number for number in new_range if new[number] in old_known]
    for number in old_range:
        gone[number] = True
    for number in new_range:
        come[number] = True
    ids: dict[str, int] = {}
    a = [ids.setdefault(old[number], len(ids)) for number in left]
    b = [ids.setdefault(new[number], len(ids)) for number in right]
    for i, j in _pairs(a, b):
        gone[left[i]] = False
        come[right[j]] = False


def _pairs(a: Sequence[int], b: Sequence[int]) -> list[tuple[int, int]]:
    """Return the index pairs of a longest common subsequence."""
    pairs = []
    boxes = [(0, len(a), 0, len(b))]
    while boxes:
        top, bottom, left, right = boxes.pop()
        while top < bottom and left < right and a[top] == b[left]:
            pairs.append((top, left))
            top, left = top + 1, left + 1
        while top < bottom and left < right and a[bottom - 1] == b[right - 1]:
            bottom, right = bottom - 1, right - 1
            pairs.append((bottom, right))
        if top < bottom and left < right:
            x, y = _middle(a, b, (top, bottom, left, right))
            boxes += [(top, x, left, y), (x, bottom, y, right)]
    return pairs


def _middle(a: Sequence[int], b: Sequence[int], box: tuple[int, int, int, int]) -> tuple[int, int]:
    """Return a point that a shortest edit path through the box crosses half-way.

    Furthest points are kept by diagonal, x - y; steps go from both corners until they meet.
    """
    top, bottom, left, right = box
    start, goal = top - left, bottom - right
    odd = (start - goal) % 2 == 1
    ahead, back = {start: top}, {goal: bottom}
    lowest, highest = top - right, bottom - left
    steps = 0
    while True:
        steps += 1
        ahead = _advance(ahead, start, steps, lowest, highest)
        for diagonal in sorted(ahead, reverse=True):
            x = ahead[diagonal]
            while x < bottom and x - diagonal < right and a[x] == b[x - diagonal]:
                x += 1
            ahead[diagonal] = x
            inside = x <= bottom and x - diagonal <= right
            if odd and inside and back.get(diagonal, x + 1) <= x:
                return x, x - diagonal
        back = _retreat(back, goal, steps, lowest, highest)
        for diagonal in sorted(back, reverse=True):
            x = back[diagonal]
            while x > top and x - diagonal > left and a[x - 1] == b[x - diagonal - 1]:
                x -= 1
            back[diagonal] = x
            inside = x >= top and x - diagonal >= left
            if not odd and inside and ahead.get(diagonal, x - 1) >= x:
                return x, x - diagonal


def _advance(
    reached: dict[int, int], middle: int, steps: int, lowest: int, highest: int
) -> dict[int, int]:
    first, last = _diagonals(middle, steps, lowest, highest)
    return {
        diagonal: max(reached.get(diagonal - 1, -2) + 1, reached.get(diagonal + 1, -1))
        for diagonal in range(first, last + 1, 2)
    }


def _retreat(
    reached: dict[int, int], middle: int, steps: int, lowest: int, highest: int
) -> dict[int, int]:
    first, last = _diagonals(middle, steps, lowest, highest)
    far = 1 << 60
    return {
        diagonal: min(reached.get(diagonal - 1, far), reached.get(diagonal + 1, far) - 1)
        for diagonal in range(first, last + 1, 2)
    }


def _diagonals(middle: int, steps: int, lowest: int, highest: int) -> tuple[int, int]:
    first, last = middle - steps, middle + steps
    if first < lowest:
        first += 2 * ((lowest - first + 1) // 2)
    if last > highest:
        last -= 2 * ((last - highest + 1) // 2)
    return first, last


def _runs(marked: Sequence[bool]) -> list[int]:
    """Return how many marked lines stand before each unmarked one, and after the last."""
    runs = [0]
    for mark in marked:
        if mark:
            runs[-1] += 1
        else:
            runs.append(0)
    return runs


def _slide(lines: Sequence[str], runs: list[int], other: Sequence[int]) -> None:
    """Move each run as far down as equal lines allow, or to the last place the other has a run."""
    at = gap = 0
    while gap < len(runs):
        if not runs[gap]:
            at, gap = at + 1, gap + 1
            continue
        run = _Run(lines, runs, gap, at)
        aligned = run.settle(other)
        while aligned is not None and run.gap > aligned:
            run.up()
        runs[run.gap] = run.size
        at, gap = run.start + run.size + 1, run.gap + 1


class _Run:
    """A run of marked lines that moves among the unmarked ones and swallows the runs it meets."""

    def __init__(self, lines: Sequence[str], runs: list[int], gap: int, start: int) -> None:
        self.lines = lines
        self.runs = runs
        self.gap = gap
        self.start = start
        self.size = runs[gap]
        runs[gap] = 0

    def settle(self, other: Sequence[int]) -> int | None:
        """Move up, then down, until nothing more joins; return the last place beside a run."""
        while True:
            size = self.size
            while self.up():
                pass
            aligned = self.gap if other[self.gap] else None
            while self.down():
                if other[self.gap]:
                    aligned = self.gap
            if self.size == size:
                return aligned

    def up(self) -> bool:
        """Move one line up where the text stays the same."""
        if not self.gap or self.lines[self.start - 1] != self.lines[self.start + self.size - 1]:
            return False
        self.gap, self.start = self.gap - 1, self.start - 1
        self._join(self.runs[self.gap])
        self.start -= self.runs[self.gap]
        self.runs[self.gap] = 0
        return True

    def down(self) -> bool:
        """Move one line down where the text stays the same."""
        end = self.start + self.size
        if end >= len(self.lines) or self.lines[self.start] != self.lines[end]:
            return False
        self.gap, self.start = self.gap + 1, self.start + 1
        self._join(self.runs[self.gap])
        self.runs[self.gap] = 0
        return True

    def _join(self, size: int) -> None:
        self.size += size

"""What base → theirs does to a sequence, planned for the user's: reordered, edited, grown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Item:
    """An entry: its meaning without layout, what it is still known by when edited, its kind."""

    meaning: str
    identity: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Entry `base` became `theirs`; in the user's sequence it is `ours`.

    Without `base` both sides added it; without `theirs` it is to go.
    """

    base: int | None
    ours: int
    theirs: int | None


@dataclass(frozen=True, slots=True)
class Insert:
    """Entry `theirs` is new; it goes before the user's entry `at`, or nobody knows where."""

    at: int | None
    theirs: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Entry `base` became `theirs`, and the user's sequence has no such entry any more."""

    base: int
    theirs: int


Step = Change | Insert | Missing


def plan(base: Sequence[Item], ours: Sequence[Item], theirs: Sequence[Item]) -> list[Step]:
    """Return the steps, those for entries that stay in the order of theirs."""
    to_theirs = pair(base, theirs)
    to_ours = pair(base, ours)
    from_base = {there: here for here, there in to_theirs.items()}
    own = [index for index in range(len(ours)) if index not in set(to_ours.values())]
    places = {t: to_ours[b] for b, t in to_theirs.items() if b in to_ours}
    steps: list[Step] = []
    added = []
    for index, item in enumerate(theirs):
        if index in from_base:
            steps += _followed(base, theirs, from_base[index], index, to_ours)
            continue
        found = _own(item, ours, own)
        if found is None:
            added.append(index)
            continue
        own.remove(found)
        places[index] = found
        if ours[found].meaning != item.meaning:
            steps.append(Change(None, found, index))
    steps += [Insert(_place(index, theirs, ours, places, own), index) for index in added]
    steps += [Change(b, o, None) for b, o in to_ours.items() if b not in to_theirs]
    return steps


def gone(base: Sequence[Item], ours: Sequence[Item], theirs: Sequence[Item]) -> list[int]:
    """Return the entries of base that are to go, and that the user's sequence has no more."""
    kept = pair(base, theirs).keys() | pair(base, ours).keys()
    return [index for index in range(len(base)) if index not in kept]


def _followed(
    base: Sequence[Item],
    theirs: Sequence[Item],
    before: int,
    after: int,
    to_ours: dict[int, int],
) -> list[Step]:
    if base[before].meaning == theirs[after].meaning:
        return []
    if before in to_ours:
        return [Change(before, to_ours[before], after)]
    return [Missing(before, after)]


def _own(item: Item, ours: Sequence[Item], own: Sequence[int]) -> int | None:
    for index in own:
        if ours[index].meaning == item.meaning:
            return index
    for index in own:
        if item.identity and ours[index].identity == item.identity:
            return index
    return None


def _place(
    index: int,
    theirs: Sequence[Item],
    ours: Sequence[Item],
    places: dict[int, int],
    own: Sequence[int],
) -> int | None:
    """Return before which entry a new one goes: its neighbours are where theirs has them."""
    before = next((places[at] for at in range(index - 1, -1, -1) if at in places), None)
    after = next((places[at] for at in range(index + 1, len(theirs)) if at in places), None)
    if after is not None and (before is None or after > before):
        return after
    if before is None:
        return None
    at = before + 1
    while at < len(ours) and at in own and ours[at].kind == theirs[index].kind:
        at += 1
    return at


def pair(one: Sequence[Item], two: Sequence[Item]) -> dict[int, int]:
    """Return which entry became which: the same meaning, the same identity, the same neighbours."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for key in ("meaning", "identity"):
        waiting: dict[str, list[int]] = {}
        for index, item in enumerate(two):
            if index not in taken and getattr(item, key):
                waiting.setdefault(getattr(item, key), []).append(index)
        for index, item in enumerate(one):
            found = waiting.get(getattr(item, key))
            if index not in pairs and found:
                pairs[index] = found.pop(0)
                taken.add(pairs[index])
    _pair_between(one, two, pairs)
    return pairs


def _pair_between(one: Sequence[Item], two: Sequence[Item], pairs: dict[int, int]) -> None:
    """Pair the only entry left between two pairs on each side, if both are of a kind."""
    reverse = {there: here for here, there in pairs.items()}
    for index, item in enumerate(one):
        if index in pairs or (index + 1 < len(one) and index + 1 not in pairs):
            continue
        if index and index - 1 not in pairs:
            continue
        at = pairs[index - 1] + 1 if index else 0
        end = pairs[index + 1] if index + 1 < len(one) else len(two)
        if end == at + 1 and at not in reverse and _alike(item, two[at]):
            pairs[index] = at
            reverse[at] = index


def _alike(one: Item, two: Item) -> bool:
    return bool(one.kind) and one.kind == two.kind and not (one.identity and two.identity)

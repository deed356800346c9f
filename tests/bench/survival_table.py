"""The table of the survival benchmark, and what its cells say one by one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.survival_cells import Cell, Verdict


@dataclass(frozen=True)
class Row:
    """One cell and how each tool did; `unusable` says why the edit alone breaks the project."""

    cell: Cell
    ours: Verdict | None = None
    git: Verdict | None = None
    copier: Verdict | None = None
    unusable: str = ""
    failing: tuple[str, ...] | None = None


def bad(verdict: Verdict | None) -> bool:
    """Whether a merge went through, but what came out is broken or not wired."""
    return bool(verdict and verdict.outcome != "conflict" and (verdict.broken or verdict.wrong))


def free(row: Row) -> bool:
    """Whether the two sides changed nothing in common."""
    return row.ours is not None and not row.ours.places


def conflict(verdict: Verdict | None) -> bool:
    """Whether the merge was refused."""
    return bool(verdict and verdict.outcome == "conflict")


def loss(verdict: Verdict | None) -> bool:
    """Whether something of the user's is gone."""
    return bool(verdict and verdict.outcome == "loss")


def kept_rate(rows: Iterable[Row]) -> float:
    """Return how many in a hundred of the cells with nothing in common went without a conflict."""
    found = [row for row in rows if free(row)]
    return 100 * sum(not conflict(row.ours) for row in found) / max(len(found), 1)


def _counts(rows: Sequence[Row], which: Callable[[Row], Verdict | None]) -> list[str]:
    found = [verdict for row in rows if (verdict := which(row))]
    if not found:
        return ["", "", "", ""]
    good = sum(verdict.outcome == "merged" and not bad(verdict) for verdict in found)
    return [
        str(good),
        str(sum(map(conflict, found))),
        str(sum(map(bad, found))),
        str(sum(map(loss, found))),
    ]


def lines(rows: Sequence[Row]) -> Iterable[str]:
    """Yield the table and the lists below it."""
    usable = [row for row in rows if row.ours]
    by_script: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(usable, key=lambda row: row.cell):
        by_script[row.cell.script].append(row)
    tools: list[tuple[str, Callable[[Row], Verdict | None]]] = [
        ("mcpforge", lambda row: row.ours),
        ("git", lambda row: row.git),
        ("copier", lambda row: row.copier),
    ]
    head = "".join(
        f"{name:>7}{'confl':>6}{'wrong':>6}{'loss':>5}" for name in ("ours", "git", "copier")
    )
    yield f"{'script':<26}{'cells':>6}{'free':>6}{head}"
    for name, found in [*by_script.items(), ("all", usable)]:
        numbers = ""
        for _, which in tools:
            first, *rest = _counts(found, which)
            numbers += f"{first:>7}{rest[0]:>6}{rest[1]:>6}{rest[2]:>5}"
        yield f"{name:<26}{len(found):>6}{sum(map(free, found)):>6}{numbers}"
    yield ""
    yield f"without a conflict where nothing in common was changed: {kept_rate(usable):.2f} %"
    both = [row for row in usable if row.copier]
    yield f"on the {len(both)} cells of copier alone:"
    for tool, which in tools:
        good, refused, odd, gone = _counts(both, which)
        yield f"  {tool:<9} merged {good}, conflict {refused}, wrong {odd}, loss {gone}"
    tested = [row for row in usable if row.failing is not None]
    failed = [row for row in tested if row.failing]
    yield f"the projects' own tests on {len(tested)} cells: {len(failed)} with a failure"
    yield from (f"  {row.cell}: {', '.join(row.failing or ())}" for row in failed)
    yield from _lists(rows, usable)


def _lists(rows: Sequence[Row], usable: Sequence[Row]) -> Iterable[str]:
    yield from _list("losses", ((row, v.reasons) for row in usable if (v := row.ours) and loss(v)))
    yield from _list("broken", ((row, v.broken) for row in usable if (v := row.ours) and v.broken))
    yield from _list("wrong", ((row, v.wrong) for row in usable if (v := row.ours) and v.wrong))
    refused = [(row, verdict) for row in usable if (verdict := row.ours) and conflict(verdict)]
    for title, wanted in (
        ("conflicts, nothing in common", ""),
        ("conflicts, used by the user's code", "in use"),
        ("conflicts, the same expression", "same"),
    ):
        found = [(row, verdict) for row, verdict in refused if _kind(verdict) == wanted]
        yield from _list(title, ((row, (*v.reasons, *v.places)) for row, v in found))
        reasons = Counter(reason for _, v in found for reason in {general(r) for r in v.reasons})
        yield from (f"  {count:>5} {reason}" for reason, count in reasons.most_common())
    unusable = Counter((row.cell.script, row.unusable) for row in rows if row.unusable)
    yield from (f"not usable: {name} ({count}): {why}" for (name, why), count in unusable.items())


def _kind(verdict: Verdict) -> str:
    if not verdict.places:
        return ""
    return "in use" if verdict.places == ("in use",) else "same"


def general(reason: str) -> str:
    """Return a reason without the names and places of one cell."""
    return re.sub(r"`[^`]*`", "`…`", re.sub(r"line \d+", "line N", reason.split(": ", 1)[-1]))[:160]


def _list(title: str, found: Iterable[tuple[Row, Iterable[str]]]) -> Iterable[str]:
    collected = list(found)
    yield ""
    yield f"{title}: {len(collected)}"
    for row, words in collected:
        yield f"  {row.cell}"
        yield from (f"      {word}" for word in words)

"""Python by syntax tree: what base → theirs changes is changed at the same address of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.merge import checks, edits, order, pyfacts, renames
from mcpforge.merge.edits import Clash
from mcpforge.merge.result import Conflict
from mcpforge.merge.source import HELD_NEWLINE, Source, same
from mcpforge.merge.statements import Statements
from mcpforge.merge.structured.python import merge_imports

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Outcome:
    """The user's text as edited, and what could not be."""

    text: str
    conflicts: tuple[Conflict, ...]
    advisories: tuple[str, ...]


def merge(path: str, base: str, ours: str, theirs: str) -> Outcome:
    """Return the user's text with what changed; never a text that does not parse."""
    try:
        mine = Source(ours)
        old, new = renames.followed(Source(base), mine, Source(theirs))
        found = Statements(old, mine, new)
        found.body(old.tree.body, mine.tree.body, new.tree.body, "")
        if found.conflicts:
            return Outcome(ours, tuple(found.conflicts), tuple(found.advisories))
        text = edits.apply(ours, found.edits).replace(HELD_NEWLINE, "\n")
        if checks.parses("python", text):
            text = merge_imports(path, old, text, new)
        text = _closed(text, ours)
    except Clash as clash:
        return Outcome(ours, (_whole(clash.message, base, ours, theirs),), ())
    reason = _fault(text, ours)
    if reason.endswith(checks.UNDEFINED):
        text = order.moved_to_use(text, ours)
        reason = _fault(text, ours)
    if reason.endswith(checks.TOO_EARLY):
        text = order.early_moved(text, ours)
        reason = _fault(text, ours)
    if reason:
        return Outcome(ours, (_whole(reason, base, ours, theirs),), ())
    return Outcome(text, (), (*found.advisories, *_comments(old, new, text)))


def _closed(text: str, ours: str) -> str:
    """Return the text without the gaps that edits beside each other leave, and with one end."""
    if not ours.endswith("\n\n"):
        text = text.rstrip("\n") + "\n"
    closed = re.sub(r"\n{4,}", "\n\n\n", text)
    before, after = pyfacts.parse(text), pyfacts.parse(closed)
    alike = before is not None and after is not None and same(before, after)
    return closed if alike and "\n\n\n\n" not in ours else text


def _fault(text: str, ours: str) -> str:
    if not checks.parses("python", text):
        return "the result would not parse"
    return checks.fault_of_names(text, ours)


def _comments(base: Source, theirs: Source, text: str) -> Sequence[str]:
    """Return what is said of comments that the templates changed and the user's text has not."""
    known = set(base.comments(0, len(base.text)))
    new = [comment for comment in theirs.comments(0, len(theirs.text)) if comment not in known]
    return [f"a comment was left out:\n{comment}" for comment in new if comment not in text]


def _whole(reason: str, base: str, ours: str, theirs: str) -> Conflict:
    return Conflict(reason, 1, ours.count("\n") + 1, base, ours, theirs)

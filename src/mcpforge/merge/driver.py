"""Base, ours and theirs into one: by lines, structure or syntax tree, the first that holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcpforge.merge import checks, endings
from mcpforge.merge.kinds import kind_of
from mcpforge.merge.lines import Hunk, chosen, clean, marked, merge_lines
from mcpforge.merge.result import Conflict, Merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.merge.kinds import Kind
    from mcpforge.merge.lines import Part


def merge(path: str, base: str, ours: str, theirs: str) -> Merged:
    """Return the user's text with what changed from base to theirs.

    Where that can't be done without a loss, the result has conflicts and its text diff3 markers.
    """
    if ours in {base, theirs}:
        return Merged(theirs, "lines")
    if base == theirs:
        return Merged(ours, "lines")
    old, mine, new = endings.plain(base), endings.plain(ours), endings.plain(theirs)
    merged = _merge(path, old, mine, new)
    text = endings.restore(merged.text, base, ours, theirs)
    return Merged(text, merged.how, merged.conflicts, merged.advisories)


def _merge(path: str, base: str, ours: str, theirs: str) -> Merged:
    kind = kind_of(path)
    parts = merge_lines(endings.split(base), endings.split(ours), endings.split(theirs))
    if kind == "prose":
        return _prose(path, parts)
    reason = ""
    if clean(parts):
        text = endings.joined(chosen(parts))
        reason = checks.fault(kind, text, base, ours, theirs)
        if not reason:
            return Merged(text, "lines")
    merged = _by_meaning(path, kind, (base, ours, theirs))
    if merged is not None and merged.clean:
        return merged
    return _conflict(path, parts, reason, (base, ours, theirs), merged)


def _by_meaning(path: str, kind: Kind, texts: tuple[str, str, str]) -> Merged | None:
    """Return what the format or the syntax tree makes possible, or nothing."""
    if kind == "python":
        return _python(path, *texts)
    if kind == "plain":
        return None
    from mcpforge.merge.edits import Clash

    try:
        text, advisories = _structured(kind, *texts)
    except Clash as clash:
        whole = Conflict(clash.message, 1, texts[1].count("\n") + 1, *texts)
        return Merged(texts[1], "structured", (whole,))
    reason = checks.fault(kind, text, *texts, whole=False)
    if reason:
        whole = Conflict(reason, 1, texts[1].count("\n") + 1, *texts)
        return Merged(texts[1], "structured", (whole,))
    return Merged(text, "structured", advisories=tuple(advisories))


def _structured(kind: Kind, base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
    if kind == "toml":
        from mcpforge.merge.structured import toml

        return toml.merge(base, ours, theirs)
    if kind == "json":
        from mcpforge.merge.structured import json

        return json.merge(base, ours, theirs), []
    if kind == "yaml":
        from mcpforge.merge.structured import yaml

        return yaml.merge(base, ours, theirs), []
    from mcpforge.merge import insertions
    from mcpforge.merge.structured import entries

    text = insertions.merge_around(base, ours, theirs)
    if text is not None and not checks.fault(kind, text, base, ours, theirs):
        return text, []
    if kind == "dotenv":
        return entries.merge_dotenv(base, ours, theirs)
    return entries.merge_entries(base, ours, theirs)


def _python(path: str, base: str, ours: str, theirs: str) -> Merged | None:
    from mcpforge.merge import syntaxtree
    from mcpforge.merge.edits import Clash
    from mcpforge.merge.structured import python

    try:
        text = python.merge(path, base, ours, theirs)
    except Clash:
        text = None
    if text is not None and not checks.fault("python", text, base, ours, theirs):
        return Merged(text, "structured")
    outcome = syntaxtree.merge(path, base, ours, theirs)
    return Merged(outcome.text, "syntax", outcome.conflicts, outcome.advisories)


def _prose(path: str, parts: Sequence[Part]) -> Merged:
    """Prose never conflicts: what can't be merged is left out and told."""
    advisories = [
        f"`{path}`, line {part.line}: left out, since you changed the same lines:\n"
        + "\n".join(part.theirs)
        for part in parts
        if isinstance(part, Hunk)
    ]
    return Merged(endings.joined(chosen(parts)), "lines", advisories=tuple(advisories))


def _conflict(
    path: str,
    parts: Sequence[Part],
    reason: str,
    texts: tuple[str, str, str],
    merged: Merged | None,
) -> Merged:
    """Return the text with markers, and the conflicts as the last way of merging saw them."""
    base, ours, theirs = (endings.split(text) for text in texts)
    if clean(parts):
        parts = merge_lines(base, ours, theirs, strict=True)
    if clean(parts):
        parts = [Hunk(tuple(base), tuple(ours), tuple(theirs), 1)]
    text = endings.joined(marked(parts))
    if merged is not None:
        conflicts = tuple(
            replace(each, description=f"`{path}`, line {each.start}: {each.description}")
            for each in merged.conflicts
        )
        return Merged(text, merged.how, conflicts, merged.advisories)
    said = reason or "you and the templates changed the same lines"
    conflicts = tuple(
        Conflict(
            f"`{path}`, line {part.line}: {said}",
            part.line,
            part.line + max(len(part.ours) - 1, 0),
            endings.joined(list(part.base)),
            endings.joined(list(part.ours)),
            endings.joined(list(part.theirs)),
        )
        for part in parts
        if isinstance(part, Hunk)
    )
    return Merged(text, "lines", conflicts)

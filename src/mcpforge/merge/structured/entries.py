"""Files of lines: `.env` by key, ignore files as a set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.merge import sequences
from mcpforge.merge.checks import dotenv_key
from mcpforge.merge.edits import Clash
from mcpforge.merge.sequences import Change, Insert, Item

if TYPE_CHECKING:
    from collections.abc import Callable


def merge_dotenv(base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
    """Return the user's text with the keys that came and without those that went."""
    return _merge(base, ours, theirs, dotenv_key)


def merge_entries(base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
    """Return the user's text with the lines that came and without those that went."""
    return _merge(base, ours, theirs, _pattern)


def _pattern(line: str) -> str:
    return "" if line.startswith("#") else line.strip()


class _Lines:
    """A text as lines, and the numbers of those that are entries."""

    def __init__(self, text: str, key: Callable[[str], str]) -> None:
        self.lines = text.removesuffix("\n").split("\n") if text else []
        self.at = [number for number, line in enumerate(self.lines) if key(line)]
        self.items = [Item(self.lines[n].strip(), key(self.lines[n])) for n in self.at]

    def top(self, index: int, stop: Callable[[str], bool]) -> int:
        """Return where the comment lines right above an entry begin."""
        number = self.at[index]
        while (
            number and self.lines[number - 1].startswith("#") and not stop(self.lines[number - 1])
        ):
            number -= 1
        return number


def _merge(base: str, ours: str, theirs: str, key: Callable[[str], str]) -> tuple[str, list[str]]:
    old, mine, new = (_Lines(text, key) for text in (base, ours, theirs))

    def entry(line: str) -> bool:
        return bool(key(line))

    lines: list[str | None] = list(mine.lines)
    before: dict[int, list[str]] = {}
    advice = []
    for step in sequences.plan(old.items, mine.items, new.items):
        match step:
            case Insert(at=at, theirs=index):
                _insert(mine, new, (at, index), before, entry)
            case Change(base=b, ours=o, theirs=t) if b is not None:
                edited = old.items[b].meaning != mine.items[o].meaning
                if t is None and edited:
                    advice.append(f"`{mine.items[o].identity}` is of no use any more; it stays")
                elif t is None:
                    _remove(mine, lines, o, set(old.lines), entry)
                elif edited:
                    raise Clash(f"`{mine.items[o].identity}` was changed by you and the templates")
                else:
                    lines[mine.at[o]] = new.lines[new.at[t]]
    return _joined(lines, before), advice


def _joined(lines: list[str | None], before: dict[int, list[str]]) -> str:
    result = []
    for number, line in enumerate([*lines, None]):
        result += [*before.get(number, []), *([] if line is None else [line])]
    return "".join(f"{line}\n" for line in result)


def _insert(
    mine: _Lines,
    new: _Lines,
    step: tuple[int | None, int],
    before: dict[int, list[str]],
    entry: Callable[[str], bool],
) -> None:
    at, index = step
    top = new.top(index, entry)
    block = new.lines[top : new.at[index] + 1]
    spaced = top > 0 and not new.lines[top - 1].strip()
    known = {item.identity for item in mine.items}
    follows = index > 0 and new.items[index - 1].identity in known
    if at is None or at >= len(mine.at) or (follows and at > 0):
        number = mine.at[at - 1] + 1 if at else len(mine.lines)
        before.setdefault(number, []).extend(["", *block] if spaced else block)
    else:
        number = mine.top(at, entry)
        before.setdefault(number, []).extend([*block, ""] if spaced else block)


def _remove(
    mine: _Lines,
    lines: list[str | None],
    index: int,
    known: set[str],
    entry: Callable[[str], bool],
) -> None:
    number = mine.at[index]
    lines[number] = None
    top = mine.top(index, entry)
    for comment in range(top, number):
        if mine.lines[comment] in known:
            lines[comment] = None
    if lines[top] is None and top and not (lines[top - 1] or "x").strip():
        lines[top - 1] = None

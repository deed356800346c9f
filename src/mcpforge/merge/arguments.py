"""Entries of displays, calls and parameter lists: what each is known by, and where it may go."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from mcpforge.merge.edits import Clash
from mcpforge.merge.sequences import Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.merge.brackets import Group
    from mcpforge.merge.source import Source

Entry = tuple[ast.AST, ...]
"""One entry of a display or call: a node, or key and value (only the value for `**`)."""


def entries(node: ast.AST) -> list[Entry]:
    """Return the entries of a display or call in the order in which they stand."""
    match node:
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return [(value,) if key is None else (key, value) for key, value in pairs]
        case ast.Call(args=args, keywords=keywords):
            parts: list[ast.expr | ast.keyword] = [*args, *keywords]
            return [(part,) for part in sorted(parts, key=lambda p: (p.lineno, p.col_offset))]
        case ast.List(elts=elements) | ast.Set(elts=elements) | ast.Tuple(elts=elements):
            return [(element,) for element in elements]
    return []


def same_entry(one: Entry, two: Entry) -> bool:
    """Say whether two entries mean the same."""
    return [ast.dump(node) for node in one] == [ast.dump(node) for node in two]


def item_of(entry: Entry, *, call: bool) -> Item:
    """Return what an entry means, and the key, keyword or function that it is known by."""
    meaning = " ".join(ast.dump(node) for node in entry)
    first = entry[0]
    if len(entry) > 1:
        return Item(meaning, f"key {ast.dump(first)}")
    if isinstance(first, ast.keyword):
        return Item(meaning, f"keyword {first.arg}", "keyword")
    function = callee_of(first)
    identity = f"call {ast.dump(function)}" if function is not None else ""
    return Item(meaning, identity, "positional" if call else "")


def parameter_items(source: Source, group: Group) -> list[Item]:
    """Return the parameters of a function, known by their names."""
    items = []
    for start, end in group.items:
        text = source.text[start:end]
        tokens = [token.text for token in source.tokens if start <= token.start < end]
        items.append(
            Item(" ".join(tokens).replace("'", '"'), re.split(r"[\s:=]", text, maxsplit=1)[0])
        )
    return items


def value_of(entry: Entry) -> ast.AST:
    """Return the value of an entry, without its key or keyword."""
    last = entry[-1]
    return last.value if isinstance(last, ast.keyword) else last


def callee_of(node: ast.AST | None) -> ast.AST | None:
    """Return what a call calls, or nothing for another node."""
    return node.func if isinstance(node, ast.Call) else None


def limits_of(mine: Sequence[Entry]) -> tuple[int, int]:
    """Return before which argument of a call positional ones end, and `**` ones begin."""
    keywords = [
        index for index, (node, *_) in enumerate(mine) if isinstance(node, ast.keyword) and node.arg
    ]
    doubles = [
        index
        for index, (node, *_) in enumerate(mine)
        if isinstance(node, ast.keyword) and not node.arg
    ]
    end = min([*keywords, *doubles, len(mine)])
    return end, min([*doubles, len(mine)])


def position(at: int | None, text: str, count: int, limits: tuple[int, int] | None) -> int:
    """Return before which entry a new one goes."""
    if limits is None:
        return count if at is None else at
    named = re.match(r"\w+\s*=[^=]", text) is not None or text.startswith("**")
    if at is None and not named and count:
        raise Clash("the place of a new argument can't be found")
    wanted = count if at is None else at
    positional, last = limits
    return max(min(wanted, last), positional) if named else min(wanted, positional)


def short(text: str) -> str:
    """Return a text on one line, cut for people."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}…"  # noqa: PLR2004

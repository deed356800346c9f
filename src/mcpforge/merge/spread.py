"""Arguments of a call that the user gives by `**name` now, or keeps elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.merge import elsewhere
from mcpforge.merge.arguments import entries, value_of
from mcpforge.merge.brackets import Layout, edit_group
from mcpforge.merge.edits import Clash
from mcpforge.merge.sequences import Change, Insert, Missing
from mcpforge.merge.source import same

if TYPE_CHECKING:
    import ast

    from mcpforge.merge.arguments import Entry
    from mcpforge.merge.expressions import Expressions
    from mcpforge.merge.sequences import Step

Given = dict[str, tuple["ast.AST", int]]
"""Keyword → the dict that `**` spreads, and which of its entries it is."""


def merge(
    values: Expressions,
    call: ast.AST,
    groups: tuple[list[Entry], list[Entry]],
    found: tuple[list[Step], list[Entry]],
) -> list[Step]:
    """Merge what the user gives a call in another way; return the steps that are left.

    `groups` has the arguments in base and theirs, `found` the steps for the call, and the arguments
    that are to go and that the call has no more. Raises `Clash` where one changes that is nowhere,
    or would be given twice.
    """
    given: Given = {
        elsewhere.key_of(entry): (node, number)
        for node in elsewhere.spread(values.ours.tree, call)
        for number, entry in enumerate(entries(node))
    }
    steps, absent = found
    for entry in absent:
        _remove(values, given, entry)
    left: list[Step] = []
    for step in steps:
        if isinstance(step, Missing):
            _change(values, given, groups[0][step.base], groups[1][step.theirs])
        else:
            _check_new(given, step, groups[1])
            left.append(step)
    return left


def _change(values: Expressions, given: Given, old: Entry, new: Entry) -> None:
    before = value_of(old)
    node, number = given.get(elsewhere.key_of(old), (None, 0))
    if node is not None:
        place: ast.AST | None = value_of(entries(node)[number])
    else:
        place = elsewhere.value_elsewhere(values.ours.tree, before)
    if place is None:
        raise Clash("a part of it changes that you took out")
    values.merge(before, place, value_of(new))


def _remove(values: Expressions, given: Given, entry: Entry) -> None:
    key = elsewhere.key_of(entry)
    node, number = given.get(key, (None, 0))
    group = None if node is None else values.ours.group(node)
    if node is None or group is None:
        return
    if not same(value_of(entries(node)[number]), value_of(entry)):
        raise Clash(f"`{key}` is to go, and you changed it")
    values.check_comments(group, number)
    values.edits += edit_group(values.ours.text, group, {number}, [], Layout())


def _check_new(given: Given, step: Step, new: list[Entry]) -> None:
    key = "" if isinstance(step, Change) else elsewhere.key_of(new[step.theirs])
    if isinstance(step, Insert) and key in given:
        raise Clash(f"`{key}` comes in, and you give it by `**` already")

"""Assignments that came in below their first use, or in another function, moved above it."""

from __future__ import annotations

import ast

from mcpforge.merge import pyfacts
from mcpforge.merge.edits import Edit, apply, comment_block, line_end, line_start
from mcpforge.merge.source import Source

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def early_moved(text: str, ours: str) -> str:
    """Return the text with each new assignment above the first statement that needs it.

    What the user wrote is never moved.
    """
    known = {ast.dump(node) for node in ast.walk(ast.parse(ours)) if isinstance(node, ast.Assign)}
    result = Source(text)
    for _ in pyfacts.early_names(result.tree):
        edits = _first_move(result, known)
        if not edits:
            break
        result = Source(apply(result.text, edits))
    return result.text


def _first_move(source: Source, known: set[str]) -> list[Edit]:
    early = {(place, name) for place, _, name in pyfacts.early_names(source.tree)}
    for function in ast.walk(source.tree):
        if not isinstance(function, _Function):
            continue
        for index, node in enumerate(function.body):
            name = _bound(node)
            if (function.name, name) in early and ast.dump(node) not in known:
                users = [other for other in function.body[:index] if _uses(other, name)]
                if users:
                    return _moved(source, node, users[0])
    return []


def moved_to_use(text: str, ours: str) -> str:
    """Return the text with each new assignment in the function of the user's that needs it."""
    known = {ast.dump(node) for node in ast.walk(ast.parse(ours)) if isinstance(node, ast.Assign)}
    result = Source(text)
    names = pyfacts.unknown_names(text) - pyfacts.unknown_names(ours)
    for _ in names:
        found = (_move_across(result, name, known) for name in sorted(names))
        edits = next(filter(None, found), None)
        if edits is None:
            break
        result = Source(apply(result.text, edits))
        names = pyfacts.unknown_names(result.text) - pyfacts.unknown_names(ours)
    return result.text


def _move_across(source: Source, name: str, known: set[str]) -> list[Edit]:
    functions = [node for node in ast.walk(source.tree) if isinstance(node, _Function)]
    for function in functions:
        for node in function.body:
            if _bound(node) != name or ast.dump(node) in known:
                continue
            if sum(_uses(other, name) for other in function.body) > 1:
                return []
            users = [
                other
                for home in functions
                for other in home.body
                if home is not function and _uses(other, name)
            ]
            alike = users and users[0].col_offset == node.col_offset
            return _moved(source, node, users[0]) if alike else []
    return []


def _bound(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _uses(node: ast.stmt, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _moved(source: Source, node: ast.stmt, above: ast.stmt) -> list[Edit]:
    text = source.text
    start, end = source.span(node)
    first, stop = line_start(text, start), min(line_end(text, end) + 1, len(text))
    place = line_start(text, source.span(above)[0])
    place = comment_block(text, place, 0)
    return [Edit(place, place, text[first:stop]), Edit(first, stop, "")]

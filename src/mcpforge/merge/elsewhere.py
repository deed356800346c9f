"""What the user put elsewhere: into a helper, a dict that `**` spreads, a block, a method."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.merge import sequences
from mcpforge.merge.arguments import callee_of, entries
from mcpforge.merge.bodies import identity_of, item_of
from mcpforge.merge.source import same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_DISPLAYS = (ast.List, ast.Set, ast.Tuple, ast.Dict)
# An identity that many statements may share tells nothing about where one went.
_LOOSE = {"", "return", "doc", "try"}
Body = list[ast.stmt]


def matches(node: ast.AST, sample: ast.AST) -> bool:
    """Say whether a node is of the kind of a sample: its type, and of a call what it calls."""
    if type(node) is not type(sample):
        return False
    return not isinstance(sample, ast.Call) or same(sample.func, callee_of(node))


def bound_to(tree: ast.AST, name: str) -> ast.AST | None:
    """Return what a name stands for, where it is bound only once."""
    values = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and _binds(node, name)
    ]
    return values[0] if len(values) == 1 else None


def _binds(node: ast.Assign | ast.AnnAssign, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id == name


def helper_of(tree: ast.Module, node: ast.AST) -> _Function | None:
    """Return the function of the same module that a call calls."""
    callee = callee_of(node)
    found = [
        other
        for other in tree.body
        if isinstance(other, _Function) and isinstance(callee, ast.Name) and other.name == callee.id
    ]
    return found[0] if len(found) == 1 else None


def inside(place: ast.AST, sample: ast.AST) -> ast.AST | None:
    """Return the only node in a place that is of a sample's kind, or the only with its entries."""
    found = [node for node in ast.walk(place) if node is not place and matches(node, sample)]
    if len(found) > 1 and isinstance(sample, _DISPLAYS):
        found = [node for node in found if _shares(node, sample)]
    return found[0] if len(found) == 1 else None


def value_elsewhere(tree: ast.Module, base: ast.AST) -> ast.AST | None:
    """Return where a call, or a display with entries, went that is not in its place any more."""
    if isinstance(base, ast.Call):
        return inside(tree, base)
    if not isinstance(base, _DISPLAYS):
        return None
    found = [node for node in ast.walk(tree) if matches(node, base) and _shares(node, base)]
    return found[0] if len(found) == 1 else None


def _shares(node: ast.AST, sample: ast.AST) -> bool:
    known = {ast.dump(part) for entry in entries(sample) for part in entry}
    return any(ast.dump(part) in known for entry in entries(node) for part in entry)


def spread(tree: ast.Module, call: ast.AST) -> list[ast.AST]:
    """Return the dicts that a call spreads by `**name`: displays, and calls of `dict`."""
    names = [
        keyword.value.id
        for keyword in getattr(call, "keywords", ())
        if keyword.arg is None and isinstance(keyword.value, ast.Name)
    ]
    values = [bound_to(tree, name) for name in names]
    return [value for value in values if value is not None and _is_dict(value)]


def _is_dict(node: ast.AST) -> bool:
    callee = callee_of(node)
    return isinstance(node, ast.Dict) or (isinstance(callee, ast.Name) and callee.id == "dict")


def key_of(entry: Sequence[ast.AST]) -> str:
    """Return the keyword, or the key, that an entry of a call or a dict has."""
    first = entry[0]
    if isinstance(first, ast.keyword):
        return first.arg or ""
    constant = len(entry) > 1 and isinstance(first, ast.Constant)
    return str(first.value) if constant and isinstance(first, ast.Constant) else ""


def bodies(tree: ast.AST) -> Iterator[Body]:
    """Yield every block of statements."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def statement_elsewhere(tree: ast.Module, base: ast.stmt) -> ast.stmt | None:
    """Return the statement that is still known by what one of the templates is known by."""
    identity = identity_of(base)
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and identity_of(node) == identity
    ]
    return found[0] if identity not in _LOOSE and len(found) == 1 else None


def imports_gone(base: Body, ours: Body, theirs: Body) -> Body:
    """Return the imports of base that theirs has no more, and ours not in that body."""
    kept = {ast.dump(node) for node in (*ours, *theirs)}
    imports = [node for node in base if isinstance(node, ast.Import | ast.ImportFrom)]
    return [node for node in imports if ast.dump(node) not in kept]


def same_elsewhere(tree: ast.Module, base: ast.stmt) -> tuple[ast.stmt, Body] | None:
    """Return the only statement, in a block, that says the same, and that block."""
    found = [(node, body) for body in bodies(tree) for node in body if same(node, base)]
    known = isinstance(base, ast.Import | ast.ImportFrom) or identity_of(base) not in _LOOSE
    return found[0] if len(found) == 1 and known else None


def body_elsewhere(tree: ast.Module, base: ast.Module, old: Body, mine: Body) -> Body:
    """Return the body that a function's statements went to as a whole, else the one it has."""
    if _kept(old, mine):
        return mine
    known = {node.name for node in ast.walk(base) if isinstance(node, _Function)}
    others = [
        node.body
        for node in ast.walk(tree)
        if isinstance(node, _Function) and node.name not in known
    ]
    found = [body for body in others if 2 * _kept(old, body) > _kept(old, old)]
    return found[0] if len(found) == 1 else mine


def _kept(old: Body, mine: Body) -> int:
    """Return how many statements are still there, those that any function may have left out."""
    pairs = sequences.pair([item_of(node) for node in old], [item_of(node) for node in mine])
    return sum(identity_of(old[index]) not in _LOOSE for index in pairs)

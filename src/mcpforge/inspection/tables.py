"""What a dict of the source holds, where that can be seen: settings, keyword arguments."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcpforge.inspection.values import Source


def entries(source: Source, node: ast.expr) -> dict[str, ast.expr] | None:
    """Return what a dict holds, or None where that can't be seen or is changed later."""
    if isinstance(node, ast.Name):
        value = _assigned_once(source, node)
        return entries(source, value) if value is not None else None
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        known = {str(k.value): v for k, v in pairs if isinstance(k, ast.Constant)}
        return known if len(known) == len(node.keys) else None
    if isinstance(node, ast.Call) and _makes_dict(source, node.func):
        given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        return given if len(given) == len(node.keywords) and not node.args else None
    return None


def _makes_dict(source: Source, func: ast.expr) -> bool:
    if isinstance(func, ast.Name) and func.id == "dict":
        return source.value(func) is None
    return source.name_of(func).endswith("Settings")


def _assigned_once(source: Source, node: ast.Name) -> ast.expr | None:
    if any(_changes(other, node.id) for other in source.nodes):
        return None
    for scope in source.scopes.of[node].around():
        if found := scope.bindings.get(node.id):
            value = found[0].value
            return value if len(found) == 1 and not isinstance(value, ast.Name) else None
    return None


def _changes(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Subscript(value=ast.Name(id=changed), ctx=ast.Store() | ast.Del()):
            return changed == name
        case ast.Call(
            func=ast.Attribute(
                value=ast.Name(id=changed), attr="clear" | "pop" | "setdefault" | "update"
            )
        ):
            return changed == name
    return False

"""Which instance an annotation promises."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Protocol

from mcpforge.inspection.names import Value, public_name

if TYPE_CHECKING:
    from mcpforge.inspection.scopes import Scope

_UNIONS = frozenset({"typing.Optional", "typing.Union", "typing.Annotated"})
_YIELDS = ("AsyncGenerator", "AsyncIterator", "Generator", "Iterator")
_DEPTH = 40


class Reader(Protocol):
    """What is asked for the names in an annotation."""

    def value(self, node: ast.AST | None, depth: int = 0) -> Value | None:
        """Return what an expression stands for."""

    def lookup(self, name: str, start: Scope, depth: int = 0) -> Value | None:
        """Return what a name stands for in a scope."""

    def name_of(self, node: ast.AST | None) -> str:
        """Return the name of an imported thing."""


def annotated(reader: Reader, node: ast.expr | None, scope: Scope, depth: int = 0) -> Value | None:
    """Return the instance that an annotation promises; `None` beside it changes nothing."""
    if depth > _DEPTH:
        return None
    match node:
        case ast.Constant(value=str(text)):
            return _quoted(reader, text, scope, depth)
        case ast.BinOp(op=ast.BitOr()):
            return _one_of(reader, [node.left, node.right], scope, depth)
        case ast.Subscript():
            return _subscript(reader, node, scope, depth)
        case ast.Name() | ast.Attribute():
            value = reader.value(node, depth + 1)
            if value is not None and value.kind in {"name", "class"}:
                return Value("instance", value.name, value.node)
    return None


def yielded(reader: Reader, node: ast.expr | None, scope: Scope, depth: int = 0) -> Value | None:
    """Return the instance that a generator's annotation promises to yield."""
    if isinstance(node, ast.Subscript) and reader.name_of(node.value).endswith(_YIELDS):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return annotated(reader, items[0], scope, depth + 1) if items else None
    return annotated(reader, node, scope, depth)


def _subscript(reader: Reader, node: ast.Subscript, scope: Scope, depth: int) -> Value | None:
    outer = reader.name_of(node.value)
    if outer not in _UNIONS:
        return annotated(reader, node.value, scope, depth + 1)
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return _one_of(reader, items[:1] if outer == "typing.Annotated" else items, scope, depth)


def _one_of(reader: Reader, nodes: list[ast.expr], scope: Scope, depth: int) -> Value | None:
    real = [n for n in nodes if not (isinstance(n, ast.Constant) and n.value is None)]
    return annotated(reader, real[0], scope, depth + 1) if len(real) == 1 else None


def _quoted(reader: Reader, text: str, scope: Scope, depth: int) -> Value | None:
    name = text.partition("[")[0].split("|")[0].strip()
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    first, *rest = name.split(".")
    value = reader.lookup(first, scope, depth + 1)
    if value is None or (rest and value.kind != "name"):
        return None
    dotted = public_name(".".join([value.origin or value.name, *rest])) if rest else value.name
    return Value("instance", dotted, value.node)

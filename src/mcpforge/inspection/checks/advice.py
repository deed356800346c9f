"""What is no API of FastMCP, and yet wrong in a server: races, times, `await` out of place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.reports import report
from mcpforge.inspection.scopes import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.scopes import Function
    from mcpforge.inspection.values import Source

_UTC = frozenset({"datetime.datetime.utcfromtimestamp", "datetime.datetime.utcnow"})


def check(source: Source) -> Iterator[Finding]:
    """Yield misplaced `await`, naive times, and counters that can lose their expiry."""
    for node in source.nodes:
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            if not isinstance(source.scopes.function_of(node), ast.AsyncFunctionDef):
                yield report(source, "MF005", node)
        elif isinstance(node, ast.Attribute) and source.name_of(node) in _UTC:
            yield report(source, "MF902", node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _expiry(source, node)


def _expiry(source: Source, function: Function) -> Iterator[Finding]:
    counted: set[str] = set()
    conditional: list[tuple[str, ast.Call]] = []
    for node in own_nodes(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            receiver = ast.unparse(node.func.value)
            if node.func.attr in {"pipeline", "eval", "evalsha"}:
                return
            if node.func.attr in {"incr", "incrby"} and "pipe" not in receiver:
                counted.add(receiver)
            elif node.func.attr in {"expire", "pexpire"} and _under_if(source, node):
                conditional.append((receiver, node))
    for receiver, call in conditional:
        if receiver in counted:
            yield report(source, "MF901", call)


def _under_if(source: Source, node: ast.AST) -> bool:
    for outer in source.scopes.ancestors(node):
        if isinstance(outer, ast.If):
            return True
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
    return False

"""Clients: calls that the default protocol has not, results, errors, old spellings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.checks.servers import tolerated
from mcpforge.inspection.findings import removed
from mcpforge.inspection.reports import report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.values import Source

_ERRORS = frozenset({"MCPError", "McpError"})


def check(source: Source) -> Iterator[Finding]:
    """Yield what a client of 4.1, its results and its errors have not."""
    fields = _own_fields(source)
    for node in source.nodes:
        if isinstance(node, ast.Attribute):
            yield from _member(source, node, fields)
        elif isinstance(node, ast.Subscript):
            if source.is_instance(node.value, "CallToolResult") and _index(node):
                yield report(source, "MF705", node, index=_index(node))
        elif isinstance(node, ast.Call):
            yield from _error(source, node)
        elif isinstance(node, ast.Try):
            yield from _handlers(source, node)


def _member(source: Source, node: ast.Attribute, fields: set[str]) -> Iterator[Finding]:
    if not isinstance(node.ctx, ast.Load):
        return
    value = source.value(node.value)
    snake = removed()["camelcase"].get(node.attr)
    if snake is not None and node.attr not in fields and not tolerated(source, node):
        if value is not None and value.name == "CallToolResult":
            yield report(source, "MF707", node, name=node.attr, fix=snake)
        elif not _is_other(source, node):
            yield report(source, "MF703", node, name=node.attr, fix=snake)
    if value is None or value.name != "Client" or tolerated(source, node):
        return
    if fix := removed()["client"].get(node.attr):
        yield report(source, "MF706", node, name=node.attr, fix=fix)
    elif node.attr == "ping" and isinstance(value.node, ast.Call) and _default_mode(value.node):
        target = value.node.args[0] if value.node.args else None
        own = source.is_instance(target, "FastMCP")
        yield report(source, "MF704" if own else "MF708", node)


def _is_other(source: Source, node: ast.Attribute) -> bool:
    """Tell whether a camelCase name is read from something that is surely not the SDK's."""
    parent = source.scopes.parents[node]
    if isinstance(parent, ast.Call) and parent.func is node:
        return True
    if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
        return True
    value = source.value(node.value)
    if value is None:
        return False
    return value.kind != "instance" or not value.name.startswith(("mcp.", "mcp_types."))


def _own_fields(source: Source) -> set[str]:
    """Return the names that the file binds itself: fields of its own classes."""
    fields: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            fields.add(node.id if isinstance(node, ast.Name) else node.attr)
    return fields


def _default_mode(call: ast.Call) -> bool:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in given:
        return False
    mode = given.get("mode")
    return mode is None or (isinstance(mode, ast.Constant) and mode.value == "auto")


def _index(node: ast.Subscript) -> str:
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
        return str(node.slice.value)
    return ""


def _error(source: Source, call: ast.Call) -> Iterator[Finding]:
    dotted = source.name_of(call.func)
    if dotted.rpartition(".")[2] not in _ERRORS or dotted.split(".")[0] not in {"mcp", *_ERRORS}:
        return
    if len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred):
        yield report(source, "MF701", call)


def _handlers(source: Source, node: ast.Try) -> Iterator[Finding]:
    inside = [inner for statement in node.body for inner in ast.walk(statement)]
    if not any(
        source.is_instance(i, "Client") for i in inside if isinstance(i, ast.Name | ast.Call)
    ):
        return
    if any(_is_httpx(source, inner) for inner in inside):
        return
    for handler in node.handlers:
        kind = handler.type
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind] if kind else []
        if kinds and all(_is_httpx(source, item) for item in kinds):
            yield report(source, "MF702", handler, name=ast.unparse(kinds[0]))


def _is_httpx(source: Source, node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and (
        source.name_of(node).split(".")[0] == "httpx"
    )

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
        elif isinstance(node, ast.Call):
            yield from _error(source, node)
            yield from _arguments(source, node)
        elif isinstance(node, ast.Try):
            yield from _handlers(source, node)
        yield from _as_list(source, node)


def _as_list(source: Source, node: ast.AST) -> Iterator[Finding]:
    """Check what FastMCP 2.0 to 2.9 gave as a list: indexed, iterated, measured."""
    used: ast.expr | None = None
    index = ""
    match node:
        case ast.Subscript(slice=ast.Constant(value=int(number))):
            used, index = node.value, f"[{number}]"
        case ast.For() | ast.comprehension():
            used = node.iter
        case ast.Call(func=ast.Name(id="len"), args=[argument]):
            used = argument
    if used is not None and source.is_instance(used, "CallToolResult"):
        yield report(source, "MF705", used if index == "" else node, index=index)


def _arguments(source: Source, call: ast.Call) -> Iterator[Finding]:
    method = call.func
    if not isinstance(method, ast.Attribute):
        return
    if not source.is_instance(method.value, "Client", method.attr):
        return
    for keyword in call.keywords:
        if fix := removed()["client_arguments"].get(f"{method.attr}.{keyword.arg}"):
            name = str(keyword.arg)
            yield report(source, "MF206", keyword, call=method.attr, name=name, fix=fix)


def _member(source: Source, node: ast.Attribute, fields: frozenset[str]) -> Iterator[Finding]:
    if not isinstance(node.ctx, ast.Load):
        return
    found: list[Finding] = []
    snake = removed()["camelcase"].get(node.attr)
    if snake is not None and node.attr not in fields:
        if source.is_instance(node.value, "CallToolResult"):
            found = [report(source, "MF707", node, name=node.attr, fix=snake)]
        elif not _is_other(source, node):
            found = [report(source, "MF703", node, name=node.attr, fix=snake)]
    if source.is_instance(node.value, "Client", node.attr):
        found += _of_client(source, node)
    if found and not tolerated(source, node):
        yield from found


def _of_client(source: Source, node: ast.Attribute) -> Iterator[Finding]:
    value = source.value(node.value)
    made = value.node if value is not None else None
    if fix := removed()["client"].get(node.attr):
        yield report(source, "MF706", node, name=node.attr, fix=fix)
    elif node.attr == "ping" and isinstance(made, ast.Call) and _default_mode(made):
        target = made.args[0] if made.args else None
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


def _own_fields(source: Source) -> frozenset[str]:
    """Return the names that are fields of own classes, of this file or of what it imports."""
    set_here = {
        node.attr
        for node in source.nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    return source.others.fields(source.path) | source.classes.names() | set_here


def _default_mode(call: ast.Call) -> bool:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in given:
        return False
    mode = given.get("mode")
    return mode is None or (isinstance(mode, ast.Constant) and mode.value == "auto")


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

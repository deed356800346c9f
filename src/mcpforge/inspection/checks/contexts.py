"""The context of a request: members that are gone, deprecated, or bound to old clients."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.checks.servers import tolerated
from mcpforge.inspection.findings import removed
from mcpforge.inspection.reports import report
from mcpforge.inspection.roles import roles_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.values import Source

_LOGGING = frozenset({"debug", "error", "info", "log", "warning"})
_STATE = frozenset({"delete_state", "get_state", "set_state"})
_ERAS = frozenset({"input_responses", "protocol_version"})
_ELICIT_ARGUMENTS = 2


def check(source: Source) -> Iterator[Finding]:
    """Yield what a context of 4.1 has not, or does only for older clients."""
    for node in source.nodes:
        if not isinstance(node, ast.Attribute):
            continue
        if not source.is_instance(node.value, "Context", node.attr):
            continue
        fix = removed()["context"].get(node.attr)
        if fix is not None and not tolerated(source, node):
            yield report(source, "MF501", node, name=node.attr, fix=fix)
        parent = source.scopes.parents[node]
        if isinstance(parent, ast.Call) and parent.func is node:
            yield from _called(source, parent, node)


def _called(source: Source, call: ast.Call, called: ast.Attribute) -> Iterator[Finding]:
    name = called.attr
    if name in _LOGGING:
        level = "info" if name == "log" else name
        yield report(source, "MF502", call, name=name, level=level)
    elif name in _STATE:
        if not _awaited(source, call):
            yield report(source, "MF503", call, name=name)
        if name == "set_state" and _is_lost(source, call):
            yield report(source, "MF504", call)
    elif name == "elicit":
        yield from _elicit(source, call)


def _elicit(source: Source, call: ast.Call) -> Iterator[Finding]:
    names = {keyword.arg for keyword in call.keywords}
    if not names & {"response_type", None} and len(call.args) < _ELICIT_ARGUMENTS:
        yield report(source, "MF505", call)
    outer = source.scopes.function_of(call)
    seen = {n.attr for n in ast.walk(outer or source.tree) if isinstance(n, ast.Attribute)}
    if not seen & _ERAS and not _chooses_era(source):
        yield report(source, "MF506", call)


def _awaited(source: Source, call: ast.Call) -> bool:
    """Tell whether a coroutine is awaited, or handed on to something that may await it."""
    parent = source.scopes.parents[call]
    if isinstance(parent, ast.Expr | ast.Compare | ast.BinOp | ast.BoolOp | ast.Attribute):
        return False
    if isinstance(parent, ast.Subscript | ast.FormattedValue | ast.UnaryOp | ast.If):
        return False
    if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        return any(
            isinstance(node, ast.Await | ast.Call)
            and any(isinstance(n, ast.Name) and n.id in names for n in ast.iter_child_nodes(node))
            for node in source.nodes
        )
    return True


def _is_lost(source: Source, call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg in {"serializable", None}:
            return False
    function = source.scopes.function_of(call)
    if function not in roles_of(source).of("tool") or _chooses_era(source):
        return False
    return not _read_later(function, call)


def _read_later(function: ast.AST, call: ast.Call) -> bool:
    """Tell whether what a tool stores is read in the same call, so that it need not last."""
    key = ast.unparse(call.args[0]) if call.args else ""
    for node in ast.walk(function):
        match node:
            case ast.Await(value=ast.Call(func=ast.Attribute(attr="get_state"), args=[read, *_])):
                if node.lineno > call.lineno and ast.unparse(read) == key:
                    return True
    return False


def _chooses_era(source: Source) -> bool:
    """Tell whether the file itself connects clients of the older protocol, as a test may."""
    return any(isinstance(node, ast.Constant) and node.value == "legacy" for node in source.nodes)

"""Custom routes: what they take and what they return."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.reports import report
from mcpforge.inspection.roles import decorator_role, roles_of
from mcpforge.inspection.scopes import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.scopes import Function
    from mcpforge.inspection.values import Source

_WITH_METHODS = 2
_NO_RESPONSES = {
    ast.Dict: "a dict",
    ast.DictComp: "a dict",
    ast.JoinedStr: "a text",
    ast.List: "a list",
    ast.ListComp: "a list",
    ast.Tuple: "a tuple",
}


def check(source: Source) -> Iterator[Finding]:
    """Yield routes that answer every request with 500."""
    for function in roles_of(source).of("custom_route"):
        yield from _decorators(source, function)
        spec = function.args
        if not (spec.posonlyargs or spec.args or spec.vararg):
            yield report(source, "MF801", function, name=function.name)
        for node in own_nodes(function):
            if isinstance(node, ast.Return) and (what := _no_response(node.value)):
                yield report(source, "MF802", node, what=what)
            match node:
                case ast.Attribute(
                    value=ast.Attribute(value=ast.Attribute(attr="app"), attr="state"), attr="get"
                ):
                    yield report(source, "MF803", node)


def _decorators(source: Source, function: Function) -> Iterator[Finding]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and decorator_role(source, decorator) == "custom_route":
            names = {keyword.arg for keyword in decorator.keywords}
            if len(decorator.args) < _WITH_METHODS and not names & {"methods", None}:
                yield report(source, "MF804", decorator)


def _no_response(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant):
        return "a text" if isinstance(node.value, str) else ""
    return _NO_RESPONSES.get(type(node), "") if node is not None else ""

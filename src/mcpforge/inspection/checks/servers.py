"""What is done with a FastMCP object: building it, its members, their arguments."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

from mcpforge.inspection.findings import removed
from mcpforge.inspection.names import public_name
from mcpforge.inspection.reports import report
from mcpforge.inspection.roles import roles_of
from mcpforge.inspection.tables import entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.values import Source

_TRANSPORTS = frozenset({"http", "sse", "stdio", "streamable-http"})
_RUNNERS = frozenset({"run", "run_async"})
_MAKERS = frozenset({"from_fastapi", "from_openapi"})
_REGISTRARS = {
    "add_prompt": "mcp.prompt(fn, name=..., description=...)",
    "add_resource": "mcp.add_resource(resource)",
    "add_tool": "mcp.tool(fn, name=..., description=...)",
}
_POSITIONAL = 2
_LOOKERS = (ast.If, ast.IfExp, ast.While, ast.BoolOp, ast.FunctionDef, ast.AsyncFunctionDef)
_HTTP_MIDDLEWARE = "mcp.http_app(middleware=[Middleware(MyMiddleware)])  # starlette.middleware"
_MCP_MIDDLEWARE = "mcp.add_middleware(MyMiddleware())"


def check(source: Source) -> Iterator[Finding]:
    """Yield what a server of 4.1 refuses or ignores."""
    assigned = _assigned(source)
    for node in source.nodes:
        if isinstance(node, ast.Call):
            yield from _called(source, node)
        elif isinstance(node, ast.Attribute):
            yield from _member(source, node, assigned)
    yield from _lifespans(source)


def _called(source: Source, call: ast.Call) -> Iterator[Finding]:
    """Check a call, or what `functools.partial` prepares."""
    partial = source.name_of(call.func) == "functools.partial" and bool(call.args)
    func = call.args[0] if partial else call.func
    args = call.args[1:] if partial else call.args
    given = list(keywords(source, call))
    if _constructs(source, func):
        yield from _construction(source, args, given)
    elif isinstance(func, ast.Attribute):
        yield from _method(source, func, args, given)
        if func.attr in _RUNNERS and source.is_instance(func.value, "FastMCP"):
            yield from _run(source, call)
    yield from _standalone(source, func, given)


def keywords(source: Source, call: ast.Call) -> Iterator[tuple[str, ast.expr, ast.AST]]:
    """Yield the names and values given to a call, `**{...}` too, and where each stands."""
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value, keyword
            continue
        for name, value in (entries(source, keyword.value) or {}).items():
            yield name, value, value if isinstance(keyword.value, ast.Name) else keyword


def _constructs(source: Source, func: ast.expr) -> bool:
    """Tell whether a call reaches FastMCP's own constructor."""
    match func:
        case ast.Attribute(attr="__init__", value=ast.Call(func=ast.Name(id="super"))):
            scope = source.scopes.of[func]
            around = scope.parent.node if scope.parent else None
            return isinstance(around, ast.ClassDef) and source.classes.base_of(around) == "FastMCP"
    value = source.value(func)
    if value is None:
        return False
    if isinstance(value.node, ast.ClassDef):
        return value.kind == "class" and source.classes.base_of(value.node, "__init__") == "FastMCP"
    return value.kind == "name" and value.name == "FastMCP"


def _construction(
    source: Source, args: list[ast.expr], given: Sequence[tuple[str, ast.expr, ast.AST]]
) -> Iterator[Finding]:
    accepted = removed()["accepted"]["FastMCP"].split()
    for name, value, place in given:
        if name == "auth" and source.is_instance(value, "BearerAuth"):
            yield report(source, "MF210", place)
        elif name not in accepted:
            fix = removed()["constructor"].get(name, "FastMCP(name, instructions)")
            yield report(source, "MF201", place, name=name, fix=fix)
    if len(args) > _POSITIONAL and not any(isinstance(a, ast.Starred) for a in args):
        yield report(source, "MF202", args[_POSITIONAL])


def _method(
    source: Source,
    called: ast.Attribute,
    args: list[ast.expr],
    given: Sequence[tuple[str, ast.expr, ast.AST]],
) -> Iterator[Finding]:
    on_class = source.name_of(called).startswith("FastMCP.")
    if not on_class and not source.is_instance(called.value, "FastMCP", called.attr):
        return
    makes = called.attr in _MAKERS
    for name, _, place in given:
        fix = removed()["server_arguments"].get(f"{called.attr}.{name}")
        if fix is None and makes:
            fix = removed()["constructor"].get(name)
        if fix:
            yield report(source, "MF206", place, call=called.attr, name=name, fix=fix)
    if called.attr == "mount" and args and isinstance(args[0], ast.Constant | ast.JoinedStr):
        yield report(source, "MF207", args[0])
    elif called.attr in _REGISTRARS and not on_class and len(args) > 1:
        kind = called.attr.removeprefix("add_")
        fix = _REGISTRARS[called.attr]
        yield report(source, "MF212", args[1], call=called.attr, kind=kind, fix=fix)


def _standalone(
    source: Source, func: ast.expr, given: Sequence[tuple[str, ast.expr, ast.AST]]
) -> Iterator[Finding]:
    """Check the arguments of what needs no server: decorators, `Tool.from_function`."""
    value = source.value(func)
    if value is None or value.kind != "name":
        return
    owner, _, method = value.origin.rpartition(".")
    dotted = f"{public_name(owner)}.{method}"
    for table, called in (("server_arguments", value.name), ("functions", dotted)):
        for name, _, place in given:
            if fix := removed()[table].get(f"{called}.{name}"):
                yield report(source, "MF206", place, call=called, name=name, fix=fix)


def _run(source: Source, call: ast.Call) -> Iterator[Finding]:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    transport = given.get("transport", call.args[0] if call.args else None)
    named = transport.value if isinstance(transport, ast.Constant) else None
    if transport is not None and isinstance(named, str) and named not in _TRANSPORTS:
        yield report(source, "MF208", transport, name=named)
    config = given.get("uvicorn_config")
    if isinstance(config, ast.Dict):
        for key, value in zip(config.keys, config.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "workers":
                workers = ast.unparse(value) if isinstance(value, ast.Constant) else "N"
                if workers not in {"1", "None"}:
                    yield report(source, "MF209", key, workers=workers)


def _member(source: Source, node: ast.Attribute, assigned: set[str]) -> Iterator[Finding]:
    if node.attr == "middleware" and source.is_instance(node.value, "FastMCP", "middleware"):
        yield from _called_middleware(source, node)
        return
    fix = removed()["server"].get(node.attr)
    if fix is None or not _on_server(source, node):
        return
    if not isinstance(node.ctx, ast.Load):
        if node.attr == "storage":
            yield report(source, "MF204", node, name=node.attr)
    elif node.attr == "storage" or (node.attr not in assigned and not tolerated(source, node)):
        yield report(source, "MF203", node, name=node.attr, fix=fix)


def _on_server(source: Source, node: ast.Attribute) -> bool:
    if source.is_instance(node.value, "FastMCP", node.attr):
        return True
    return source.name_of(node.value) == "FastMCP"


def _called_middleware(source: Source, node: ast.Attribute) -> Iterator[Finding]:
    parent = source.scopes.parents[node]
    if isinstance(parent, ast.Call) and parent.func is node:
        http = any(isinstance(a, ast.Constant) and a.value == "http" for a in parent.args)
        fix = _HTTP_MIDDLEWARE if http else _MCP_MIDDLEWARE
    elif node in getattr(parent, "decorator_list", ()):
        fix = _MCP_MIDDLEWARE
    else:
        return
    yield report(source, "MF205", node, server=ast.unparse(node.value), fix=fix)


def _assigned(source: Source) -> set[str]:
    """Return the attributes that the file itself sets on some object, or by name."""
    names = {
        node.attr
        for node in source.nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    for node in source.nodes:
        match node:
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), _]):
                names.add(name)
    return names


def tolerated(source: Source, node: ast.Attribute) -> bool:
    """Tell whether the function looks first: `hasattr`, or a `try` for AttributeError."""
    looked = node.attr in _looked_for(source)
    for outer in source.scopes.ancestors(node):
        if isinstance(outer, ast.Try):
            kinds = [ast.unparse(h.type) if h.type else "" for h in outer.handlers]
            if any("AttributeError" in kind for kind in kinds):
                return True
        elif looked and isinstance(outer, _LOOKERS):
            where = outer.test if isinstance(outer, ast.If | ast.IfExp | ast.While) else outer
            if any(_looks_for(part, node.attr) for part in ast.walk(where)):
                return True
    return False


@lru_cache(maxsize=1)
def _looked_for(source: Source) -> frozenset[str]:
    """Return the attributes that a file asks for by name."""
    return frozenset(
        node.value
        for node in source.nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _looks_for(source.scopes.parents[node], node.value)
    )


def _looks_for(node: ast.AST, attribute: str) -> bool:
    match node:
        case ast.Call(
            func=ast.Name(id="hasattr" | "getattr"), args=[_, ast.Constant(value=name), *_]
        ):
            return bool(name == attribute)
    return False


def _lifespans(source: Source) -> Iterator[Finding]:
    for function in roles_of(source).of("lifespan"):
        parameters = [*function.args.posonlyargs, *function.args.args]
        if not parameters:
            continue
        server = parameters[0].arg
        seen: set[int] = set()
        for node in ast.walk(function):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr="state") if name == server:
                    if node.lineno not in seen:
                        seen.add(node.lineno)
                        if not source.is_instance(node.value, "FastMCP"):
                            yield report(source, "MF211", node, name=server)

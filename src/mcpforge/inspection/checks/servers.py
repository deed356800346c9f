"""What is done with a FastMCP object: building it, its members, their arguments."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.findings import removed
from mcpforge.inspection.reports import report
from mcpforge.inspection.roles import roles_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.values import Source

_TRANSPORTS = frozenset({"http", "sse", "stdio", "streamable-http"})
_RUNNERS = frozenset({"run", "run_async"})
_POSITIONAL = 2
_HTTP_MIDDLEWARE = "mcp.http_app(middleware=[Middleware(MyMiddleware)])  # starlette.middleware"
_MCP_MIDDLEWARE = "mcp.add_middleware(MyMiddleware())"


def check(source: Source) -> Iterator[Finding]:
    """Yield what a server of 4.1 refuses or ignores."""
    assigned = _assigned(source)
    for node in source.nodes:
        if isinstance(node, ast.Call):
            if source.name_of(node.func) == "FastMCP":
                yield from _construction(source, node)
            elif isinstance(node.func, ast.Attribute):
                yield from _method(source, node, node.func)
            yield from _standalone(source, node)
        elif isinstance(node, ast.Attribute):
            yield from _member(source, node, assigned)
    yield from _lifespans(source)


def _construction(source: Source, call: ast.Call) -> Iterator[Finding]:
    for keyword in call.keywords:
        if keyword.arg in removed()["constructor"]:
            fix = removed()["constructor"][keyword.arg]
            yield report(source, "MF201", keyword, name=keyword.arg, fix=fix)
        elif keyword.arg == "auth" and source.is_instance(keyword.value, "BearerAuth"):
            yield report(source, "MF210", keyword)
    if len(call.args) > _POSITIONAL and not any(isinstance(a, ast.Starred) for a in call.args):
        yield report(source, "MF202", call.args[_POSITIONAL])


def _method(source: Source, call: ast.Call, called: ast.Attribute) -> Iterator[Finding]:
    on_class = source.name_of(called).startswith("FastMCP.")
    if not on_class and not source.is_instance(called.value, "FastMCP"):
        return
    for keyword in call.keywords:
        if fix := removed()["server_arguments"].get(f"{called.attr}.{keyword.arg}"):
            name = str(keyword.arg)
            yield report(source, "MF206", keyword, call=called.attr, name=name, fix=fix)
    if (
        called.attr == "mount"
        and call.args
        and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
    ):
        yield report(source, "MF207", call.args[0])
    elif called.attr in _RUNNERS:
        yield from _run(source, call)


def _standalone(source: Source, call: ast.Call) -> Iterator[Finding]:
    """Check the arguments of the decorators that need no server."""
    name = source.name_of(call.func)
    for keyword in call.keywords:
        if fix := removed()["server_arguments"].get(f"{name}.{keyword.arg}"):
            yield report(source, "MF206", keyword, call=name, name=str(keyword.arg), fix=fix)


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
    if node.attr == "middleware" and source.is_instance(node.value, "FastMCP"):
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
    return source.is_instance(node.value, "FastMCP") or source.name_of(node.value) == "FastMCP"


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
    """Tell whether the file looks first: `hasattr`, or a `try` for AttributeError."""
    return any(_tolerates(outer, node.attr) for outer in source.scopes.ancestors(node))


def _tolerates(outer: ast.AST, attribute: str) -> bool:
    match outer:
        case ast.If() | ast.IfExp() | ast.While():
            return any(_looks_for(part, attribute) for part in ast.walk(outer.test))
        case ast.BoolOp():
            return any(_looks_for(part, attribute) for part in ast.walk(outer))
        case ast.Try():
            kinds = [ast.unparse(h.type) if h.type else "" for h in outer.handlers]
            return any("AttributeError" in kind for kind in kinds)
    return False


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

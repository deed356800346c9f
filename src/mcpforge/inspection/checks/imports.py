"""Imports of modules and names that FastMCP 4.1 has not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.findings import removed
from mcpforge.inspection.reports import report
from mcpforge.inspection.scopes import imported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.values import Source

_IMPORT_ERRORS = frozenset({"BaseException", "Exception", "ImportError", "ModuleNotFoundError"})
_FASTAPI = {
    "HTTPException": "from starlette.exceptions import HTTPException",
    "Request": "from starlette.requests import Request",
    "Response": "from starlette.responses import Response",
    "WebSocket": "from starlette.websockets import WebSocket",
    "status": "from starlette import status",
}
_FUNCTIONS = frozenset(
    {"fastmcp.prompts.prompt", "fastmcp.resources.resource", "fastmcp.tools.tool"}
)
"""Names of modules that are gone, now those of decorators."""
_EXITS = frozenset({"exit", "os._exit", "quit", "sys.exit"})
_CODES = {"mcp": "MF105", "py_key_value": "MF104"}


def check(source: Source) -> Iterator[Finding]:
    """Yield imports that fail; those that the file itself guards against are left alone."""
    fastapi = _fastapi_names(source)
    for node in source.nodes:
        found: list[Finding] = []
        if isinstance(node, ast.Attribute):
            found = [*_read(source, node)]
        elif isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", False):
            found = [*_of_fastmcp(source, node), *_of_others(source, node, fastapi)]
        if found and not _guarded(source, node):
            yield from found


def _of_others(
    source: Source, node: ast.Import | ast.ImportFrom, fastapi: set[str]
) -> Iterator[Finding]:
    if isinstance(node, ast.ImportFrom) and node.module == "fastapi" and fastapi:
        for alias in node.names:
            yield report(source, "MF103", alias, name=alias.name, fix=_FASTAPI[alias.name])
    if _module(node) == "aiofiles" and "aiofiles" not in source.declared:
        yield report(source, "MF106", node)


def _of_fastmcp(source: Source, node: ast.Import | ast.ImportFrom) -> Iterator[Finding]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if gone := _gone_module(source, alias.name):
                yield _no_module(source, alias, gone)
    elif node.level or source.others.holds(node.module or ""):
        return
    elif gone := _gone_module(source, node.module or ""):
        yield _no_module(source, node, gone)
    else:
        for alias, (_, dotted) in zip(node.names, imported(node), strict=True):
            yield from _gone(source, alias, dotted)


def _gone(source: Source, node: ast.AST, dotted: str) -> Iterator[Finding]:
    if dotted in removed()["modules"] and dotted not in _FUNCTIONS:
        if not source.others.holds(dotted):
            yield _no_module(source, node, dotted)
    elif dotted in removed()["names"]:
        module, _, name = dotted.rpartition(".")
        fix = removed()["names"][dotted]
        yield report(source, "MF102", node, name=name, module=module, fix=fix)


def _read(source: Source, node: ast.Attribute) -> Iterator[Finding]:
    """Check what is read from a module: `fastmcp.Image`, `fastmcp.server.proxy`."""
    value = source.value(node)
    outer = source.value(node.value)
    if value is None or outer is None or outer.kind != "name" or not isinstance(node.ctx, ast.Load):
        return
    found = [*_gone(source, node, value.origin)]
    if found and not source.others.holds(outer.origin) and not _is_imported(source, value.origin):
        yield from found


def _is_imported(source: Source, dotted: str) -> bool:
    """Tell whether an import of the file names this module, which is then the finding."""
    return any(
        isinstance(node, ast.Import) and any(alias.name.startswith(dotted) for alias in node.names)
        for node in source.nodes
    )


def _no_module(source: Source, node: ast.AST, name: str) -> Finding:
    code = _CODES.get(name.split(".", maxsplit=1)[0], "MF101")
    return report(source, code, node, name=name, fix=removed()["modules"][name])


def _gone_module(source: Source, dotted: str) -> str | None:
    parts = dotted.split(".")
    if source.others.holds(dotted):
        return None
    names = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return next((name for name in names if name in removed()["modules"]), None)


def _module(node: ast.Import | ast.ImportFrom) -> str:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0]
    return node.names[0].name.split(".")[0]


def _fastapi_names(source: Source) -> set[str]:
    """Return what the file takes from FastAPI, if only what Starlette has, too."""
    names: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "fastapi":
            names |= {a.name if node.module == "fastapi" else "FastAPI" for a in node.names}
        elif isinstance(node, ast.Import) and any(a.name == "fastapi" for a in node.names):
            return set()
    return names if names <= _FASTAPI.keys() and "fastapi" not in source.declared else set()


def _guarded(source: Source, node: ast.AST) -> bool:
    """Tell whether a file does without: it catches the error, and goes on another way.

    An `except` that only ends the program, or imports what is gone as well, is no other way.
    """
    inner = node
    for outer in source.scopes.ancestors(node):
        if isinstance(outer, ast.Try | ast.TryStar):
            handlers = [handler for handler in outer.handlers if _catches(handler)]
            if handlers and inner in outer.body:
                return any(_goes_on(source, handler) for handler in handlers)
            if inner in handlers:
                return not _imports_gone(source, outer.body)
        inner = outer
    return False


def _catches(handler: ast.ExceptHandler) -> bool:
    names = _caught(handler)
    return not names or bool(names & _IMPORT_ERRORS)


def _goes_on(source: Source, handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) or (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call)
        and ast.unparse(last.value.func) in _EXITS
    ):
        return False
    return not _imports_gone(source, handler.body)


def _imports_gone(source: Source, body: Sequence[ast.stmt]) -> bool:
    nodes = (node for statement in body for node in ast.walk(statement))
    found = (
        finding
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for finding in _of_fastmcp(source, node)
    )
    return any(True for _ in found)


def _caught(handler: ast.ExceptHandler) -> set[str]:
    kind = handler.type
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind] if kind else []
    return {item.id for item in kinds if isinstance(item, ast.Name)}

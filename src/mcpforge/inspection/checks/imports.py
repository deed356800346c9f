"""Imports of modules and names that FastMCP 4.1 has not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.findings import removed
from mcpforge.inspection.reports import report
from mcpforge.inspection.scopes import imported

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_CODES = {"mcp": "MF105", "py_key_value": "MF104"}


def check(source: Source) -> Iterator[Finding]:
    """Yield imports that fail; those that the file itself guards against are left alone."""
    fastapi = _fastapi_names(source)
    for node in source.nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom) or _guarded(source, node):
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            continue
        yield from _of_fastmcp(source, node)
        if isinstance(node, ast.ImportFrom) and node.module == "fastapi" and fastapi:
            for alias in node.names:
                yield report(source, "MF103", alias, name=alias.name, fix=_FASTAPI[alias.name])
        if _module(node) == "aiofiles" and "aiofiles" not in source.declared:
            yield report(source, "MF106", node)


def _of_fastmcp(source: Source, node: ast.Import | ast.ImportFrom) -> Iterator[Finding]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if gone := _gone_module(alias.name):
                yield _no_module(source, alias, gone)
        return
    if gone := _gone_module(node.module or ""):
        yield _no_module(source, node, gone)
        return
    for alias, (_, dotted) in zip(node.names, imported(node), strict=True):
        if dotted in removed()["modules"] and dotted not in _FUNCTIONS:
            yield _no_module(source, alias, dotted)
        elif dotted in removed()["names"]:
            module, _, name = dotted.rpartition(".")
            fix = removed()["names"][dotted]
            yield report(source, "MF102", alias, name=name, module=module, fix=fix)


def _no_module(source: Source, node: ast.AST, name: str) -> Finding:
    code = _CODES.get(name.split(".", maxsplit=1)[0], "MF101")
    return report(source, code, node, name=name, fix=removed()["modules"][name])


def _gone_module(dotted: str) -> str | None:
    parts = dotted.split(".")
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
    """Tell whether an import may fail: it stands in a `try` for it, or in its `except`."""
    for outer in source.scopes.ancestors(node):
        if isinstance(outer, ast.Try | ast.TryStar):
            caught = [_caught(handler) for handler in outer.handlers]
            if any(names & _IMPORT_ERRORS or not names for names in caught):
                return True
    return False


def _caught(handler: ast.ExceptHandler) -> set[str]:
    kind = handler.type
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind] if kind else []
    return {item.id for item in kinds if isinstance(item, ast.Name)}

"""Checks one source text, or all of a folder."""

from __future__ import annotations

import ast
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.inspection import files, requirements
from mcpforge.inspection.checks import (
    advice,
    auth,
    clients,
    components,
    contexts,
    imports,
    middlewares,
    routes,
    servers,
)
from mcpforge.inspection.excuses import without_expected, without_ignored
from mcpforge.inspection.exports import Exports
from mcpforge.inspection.findings import Finding, rules
from mcpforge.inspection.values import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    Check = Callable[[Source], Iterator[Finding]]

_CHECKS = (
    imports.check,
    servers.check,
    components.check,
    middlewares.check,
    contexts.check,
    auth.check,
    clients.check,
    routes.check,
    advice.check,
)
_HELPER_CHECKS = (imports.check, advice.check)
"""For files that use FastMCP only by being imported where it is used."""
_LIBRARIES = frozenset({"fastmcp", "fastmcp_tasks", "mcp", "mcp_types", "py_key_value"})


_EXPRESSIONS = (ast.Name, ast.Attribute, ast.Call)


def inspect_source(text: str, path: str) -> list[Finding]:
    """Return what is wrong with one Python file; `path` is only shown.

    A file that uses neither FastMCP nor the MCP SDK has no findings.
    """
    tree = _parse(text, path)
    if isinstance(tree, Finding):
        return [tree]
    declared = frozenset(requirements.in_script(text))
    source = Source(tree, path, declared=declared)
    found = _run(source, _CHECKS) if _uses_fastmcp(source) else []
    return sorted([*without_ignored(found, text), *requirements.inspect_script(text, path)])


def inspect_tree(root: Path, *, skip: Collection[str] = files.SKIP) -> list[Finding]:
    """Return what is wrong with the Python files and the requirements of a folder.

    Nothing is imported or run; names in `skip` are folders that are not entered. A file that can't
    be read or parsed is a finding where it names MCP at all, or is the one that was asked for.
    """
    texts: dict[str, str] = {}
    findings: list[Finding] = []
    declared: set[str] = set()
    trees: dict[str, ast.Module] = {}
    for path in files.walk(root, skip):
        shown = path.name if path == root else path.relative_to(root).as_posix()
        text = files.read(path, shown)
        if isinstance(text, str) and not files.is_python(path):
            declared |= requirements.declared(text, shown)
            findings += requirements.inspect_requirements(text, shown)
            continue
        tree = _parse(text, shown) if isinstance(text, str) else text
        if isinstance(tree, Finding):
            findings += [tree] if path == root or files.concerns(path) else []
        elif isinstance(text, str):
            texts[shown], trees[shown] = text, tree
            declared |= requirements.in_script(text)
            findings += requirements.inspect_script(text, shown)
    exports = Exports(trees, frozenset(declared))
    serving = {shown for shown, source in exports.sources.items() if _uses_fastmcp(source)}
    for shown in sorted(serving | exports.imported_by(serving)):
        checks = _CHECKS if shown in serving else _HELPER_CHECKS
        findings += without_ignored(_run(exports.sources[shown], checks), texts[shown])
    return sorted(findings)


def _parse(text: str, path: str) -> ast.Module | Finding:
    if len(text) > files.LIMIT:
        return rules()["MF003"].at(path, 1, 1, limit=f"{files.LIMIT // 1_000_000} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        reason = (error.msg or "invalid syntax").rstrip(".")
        return _unreadable(path, reason, error.lineno or 1, error.offset or 1)
    except (ValueError, RecursionError, MemoryError) as error:
        return _unreadable(path, str(error) or "too deeply nested")


def _run(source: Source, checks: Iterable[Check]) -> list[Finding]:
    try:
        found = {finding for check in checks for finding in check(source)}
        return sorted(without_expected(found, source))
    except RecursionError:
        return [_unreadable(source.path, "too deeply nested")]


def _unreadable(path: str, reason: str, line: int = 1, column: int = 1) -> Finding:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return rules()["MF001"].at(path, max(line, 1), max(column, 1), python=python, reason=reason)


def _uses_fastmcp(source: Source) -> bool:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            if any(alias.name.split(".")[0] in _LIBRARIES for alias in node.names):
                return True
        elif isinstance(node, ast.ImportFrom):
            if not node.level and (node.module or "").split(".")[0] in _LIBRARIES:
                return True
        elif isinstance(node, _EXPRESSIONS) and source.is_instance(node, "FastMCP"):
            return True
    return False

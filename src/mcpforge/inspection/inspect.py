"""Checks one source text, or all of a folder."""

from __future__ import annotations

import ast
import re
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
_IGNORED = re.compile(r"#\s*noqa:([^#]*)")
_LIBRARIES = frozenset({"fastmcp", "fastmcp_tasks", "mcp", "mcp_types", "py_key_value"})


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
    return sorted([*_without_ignored(found, text), *requirements.inspect_script(text, path)])


def inspect_tree(root: Path, *, skip: Collection[str] = files.SKIP) -> list[Finding]:
    """Return what is wrong with the Python files and the requirements of a folder.

    Nothing is imported or run; names in `skip` are folders that are not entered.
    """
    texts: dict[str, str] = {}
    findings: list[Finding] = []
    declared: set[str] = set()
    for path in files.walk(root, skip):
        shown = path.name if path == root else path.relative_to(root).as_posix()
        text = files.read(path, shown)
        if isinstance(text, Finding):
            findings.append(text)
        elif files.is_python(path):
            texts[shown] = text
            declared |= requirements.in_script(text)
            findings += requirements.inspect_script(text, shown)
        else:
            declared |= requirements.declared(text, shown)
            findings += requirements.inspect_requirements(text, shown)
    trees: dict[str, ast.Module] = {}
    for shown, text in texts.items():
        tree = _parse(text, shown)
        if isinstance(tree, Finding):
            findings.append(tree)
        else:
            trees[shown] = tree
    exports = Exports(trees, frozenset(declared))
    serving = {shown for shown, source in exports.sources.items() if _uses_fastmcp(source)}
    for shown in sorted(serving | exports.imported_by(serving)):
        checks = _CHECKS if shown in serving else _HELPER_CHECKS
        findings += _without_ignored(_run(exports.sources[shown], checks), texts[shown])
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
        expected = _expected_lines(source)
        return sorted(f for f in found if f.severity == "warning" or f.line not in expected)
    except RecursionError:
        return [_unreadable(source.path, "too deeply nested")]


def _unreadable(path: str, reason: str, line: int = 1, column: int = 1) -> Finding:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return rules()["MF001"].at(path, max(line, 1), max(column, 1), python=python, reason=reason)


def _expected_lines(source: Source) -> set[int]:
    """Return the lines that a test expects to fail: `with pytest.raises(...)`."""
    lines: set[int] = set()
    for node in source.nodes:
        if not isinstance(node, ast.With | ast.AsyncWith):
            continue
        if any("raises" in ast.unparse(item.context_expr) for item in node.items):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _uses_fastmcp(source: Source) -> bool:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            if any(alias.name.split(".")[0] in _LIBRARIES for alias in node.names):
                return True
        elif isinstance(node, ast.ImportFrom):
            if not node.level and (node.module or "").split(".")[0] in _LIBRARIES:
                return True
        elif isinstance(node, ast.Name | ast.Attribute) and source.is_instance(node, "FastMCP"):
            return True
    return False


def _without_ignored(findings: list[Finding], text: str) -> list[Finding]:
    """Leave out what a line itself excuses: `# noqa: MF301`."""
    lines = text.split("\n")

    def ignored(finding: Finding) -> bool:
        line = lines[finding.line - 1] if finding.line <= len(lines) else ""
        comment = _IGNORED.search(line)
        return comment is not None and finding.code in re.split(r"[\s,]+", comment[1])

    return [finding for finding in findings if not ignored(finding)]

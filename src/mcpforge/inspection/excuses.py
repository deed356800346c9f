"""What a file itself excuses: expected failures, other versions' branches, `# noqa` comments."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.values import Source

_IGNORED = re.compile(r"#\s*noqa:([^#]*)")
_EXPECTS = ("raises", "warns", "deprecated_call")
_LOOKS = frozenset({"find_spec", "version"})
_FAILS = frozenset({"MF506", "MF704", "MF708"})
"""Warnings of calls that fail for some clients."""
_WARNS = frozenset({"MF502", "MF703"})
"""Warnings of what warns when it is run, too."""


def without_expected(findings: Iterable[Finding], source: Source) -> list[Finding]:
    """Leave out what a test expects to fail or to warn, and what runs with other versions only."""
    lines = {line for node in source.nodes for line in _expected(source, node)}

    def stays(finding: Finding) -> bool:
        if finding.line not in lines:
            return True
        return finding.severity == "warning" and finding.code not in _FAILS | _WARNS

    return [finding for finding in findings if stays(finding)]


def without_ignored(findings: list[Finding], text: str) -> list[Finding]:
    """Leave out what a line itself excuses: `# noqa: MF301`."""
    lines = text.split("\n")

    def ignored(finding: Finding) -> bool:
        line = lines[finding.line - 1] if finding.line <= len(lines) else ""
        comment = _IGNORED.search(line)
        return comment is not None and finding.code in re.split(r"[\s,]+", comment[1])

    return [finding for finding in findings if not ignored(finding)]


def _expected(source: Source, node: ast.AST) -> Iterator[int]:
    match node:
        case ast.With() | ast.AsyncWith():
            opened = [ast.unparse(item.context_expr) for item in node.items]
            if any(name in text for name in _EXPECTS for text in opened):
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
        case ast.If() if _of_version(source, node.test):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _of_version(source: Source, test: ast.expr, *, names: bool = True) -> bool:
    """Tell whether a condition asks which version is installed, by a name of the file too."""
    for part in ast.walk(test):
        match part:
            case ast.Attribute(attr="__version__") | ast.Name(id="__version__"):
                return True
            case ast.Call() if source.name_of(part.func).rpartition(".")[2] in _LOOKS:
                return True
            case ast.Name() if names and part in source.scopes.of:
                around = source.scopes.of[part].around()
                bound = (scope.bindings.get(part.id, ()) for scope in around)
                values = [binding.value for found in bound for binding in found if binding.value]
                if any(_of_version(source, value, names=False) for value in values):
                    return True
    return False

"""Turns a rule and a node of a file into a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.inspection.findings import Finding, rules

if TYPE_CHECKING:
    import ast

    from mcpforge.inspection.values import Source


def report(source: Source, code: str, node: ast.AST, **fields: str) -> Finding:
    """Return the finding of a rule at a node of a file."""
    line = getattr(node, "lineno", 1)
    column = getattr(node, "col_offset", 0) + 1
    return rules()[code].at(source.path, line, column, **fields)

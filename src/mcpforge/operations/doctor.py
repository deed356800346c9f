"""`mcpforge doctor`: what is wrong with a project, or with any FastMCP code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.errors import UsageError
from mcpforge.inspection.inspect import inspect_tree

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.inspection.findings import Finding


def examine_code(root: Path) -> list[Finding]:
    """Return the removed, renamed and misleading APIs in the code of a folder, or of one file.

    The code is read as syntax trees and never imported. Raises `UsageError` where there is nothing.
    """
    if not root.exists():
        raise UsageError(f"There is nothing at `{root}`", code="not_found")
    return inspect_tree(root)

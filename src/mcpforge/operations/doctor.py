"""`mcpforge doctor`: what is wrong with a project, or with any FastMCP code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError, UsageError
from mcpforge.inspection.inspect import inspect_tree
from mcpforge.project import lock as locks
from mcpforge.project import pristine

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.inspection.findings import Finding
    from mcpforge.operations.checkup import Check


def examine_code(root: Path) -> list[Finding]:
    """Return the removed, renamed and misleading APIs in the code of a folder, or of one file.

    The code is read as syntax trees and never imported. Raises `UsageError` where there is nothing.
    """
    if not root.exists():
        raise UsageError(f"There is nothing at `{root}`", code="not_found")
    return inspect_tree(root)


def project_of(place: Path) -> Path | None:
    """Return the project that a folder or file belongs to, or None.

    A folder that has pristine texts and no lock is one that lost it.
    """
    start = place if place.is_dir() else place.parent
    try:
        return locks.find(start)
    except ForgeError:
        around = (start.absolute(), *start.absolute().parents)
        return next((folder for folder in around if (folder / pristine.BASE).is_dir()), None)


def examine(root: Path, catalog: Catalog) -> list[Check]:
    """Return what was looked at in a project, and at the gateway where this user has one."""
    from mcpforge.gateway.access import has_gateway
    from mcpforge.operations.checkup import examine_project

    checks = examine_project(root, catalog)
    if not has_gateway():
        return checks
    from mcpforge.operations.gateway_checks import examine_gateway

    return [*checks, *examine_gateway(root, catalog)]


@dataclass(frozen=True, slots=True)
class Sum:
    """How much of what was found asks for something."""

    errors: int
    warnings: int


def summed(checks: list[Check], findings: list[Finding]) -> Sum:
    """Count errors and warnings of both kinds."""
    levels = [check.level for check in checks] + [finding.severity for finding in findings]
    return Sum(levels.count("error"), levels.count("warning"))

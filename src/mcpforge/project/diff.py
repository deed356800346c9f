"""A plan as a unified diff against the files as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.project.files import read_file, read_present
from mcpforge.project.places import runs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mcpforge.project.plan import Change, Plan


def diff_lines(root: Path, plan: Plan) -> list[str]:
    """Return the plan as a unified diff against the files as they are.

    Behind the name of a file, where the form has a place for its date, stands which third party
    wrote any of it and where it runs.
    """
    lines: list[str] = []
    for change in plan.changes:
        before = read_present(root, change)
        lines += file_diff(change.path, before, change.content, _origin(change))
    for clash in plan.clashes:
        if clash.marked is not None:
            lines += file_diff(clash.path, read_file(root / clash.path), clash.marked)
    return lines


def _origin(change: Change) -> str:
    if not change.origin or change.action == "delete":
        return ""
    where = runs(change.path)
    return f"from {change.origin}{f', runs {where}' if where else ''}"


def file_diff(path: str, before: bytes | None, after: bytes, origin: str = "") -> Iterable[str]:
    """Yield the diff of one file; `before` is None where it is not there."""
    import difflib

    return difflib.unified_diff(
        (before or b"").decode("utf-8", "replace").splitlines(),
        after.decode("utf-8", "replace").splitlines(),
        "/dev/null" if before is None else f"a/{path}",
        f"b/{path}" if after else "/dev/null",
        tofiledate=origin,
        lineterm="",
    )

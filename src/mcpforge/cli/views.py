"""How results look to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mcpforge.project.plan import Plan


def tree_lines(root: str, paths: Iterable[str]) -> list[str]:
    """Return the paths as an indented tree, folders first."""
    nested: dict[str, dict] = {}  # type: ignore[type-arg]
    for path in paths:
        level = nested
        for part in path.split("/"):
            level = level.setdefault(part, {})
    return [root, *_branches(nested, "")]


def _branches(level: dict, indent: str) -> list[str]:  # type: ignore[type-arg]
    lines = []
    names = sorted(level, key=lambda name: (not level[name], name.startswith("."), name))
    for name in names:
        last = name == names[-1]
        mark = "/" if level[name] else ""
        lines.append(f"{indent}{'└── ' if last else '├── '}{name}{mark}")
        lines += _branches(level[name], indent + ("    " if last else "│   "))
    return lines


def plan_lines(plan: Plan) -> list[str]:
    """Return one line for each change: what happens, and where."""
    return [f"{change.action:>8}  {change.path}" for change in plan.changes]


def diff_lines(plan: Plan) -> list[str]:
    """Return the plan as a unified diff of the files that people read."""
    import difflib

    lines: list[str] = []
    for change in plan.changes:
        text = change.content.decode("utf-8", "replace").splitlines()
        lines += difflib.unified_diff([], text, "/dev/null", f"b/{change.path}", lineterm="")
    return lines


def plan_data(plan: Plan) -> list[dict[str, str]]:
    """Return the plan as data."""
    return [{"action": change.action, "path": change.path} for change in plan.changes]

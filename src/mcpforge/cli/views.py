"""How results look to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mcpforge.project.plan import Change, Plan
    from mcpforge.render.project import Rendered


Branch = dict[str, "Branch"]


def tree_lines(root: str, paths: Iterable[str], most: int = 0) -> list[str]:
    """Return the paths as an indented tree, folders first.

    Where that would be more than `most` lines, the fullest folders are told by their size.
    """
    nested: Branch = {}
    for path in paths:
        level = nested
        for part in path.split("/"):
            level = level.setdefault(part, {})
    folded: set[int] = set()
    lines = _branches(nested, "", folded)
    while most and len(lines) > most:
        foldable = [branch for branch in _folders(nested) if id(branch) not in folded]
        if not foldable:
            break
        folded.add(id(max(foldable, key=len)))
        lines = _branches(nested, "", folded)
    return [root, *lines]


def _folders(level: Branch) -> list[Branch]:
    """Return the folders that hold nothing but files."""
    found = []
    for branch in level.values():
        if len(branch) > 1 and not any(branch.values()):
            found.append(branch)
        found += _folders(branch)
    return found


def _branches(level: Branch, indent: str, folded: set[int]) -> list[str]:
    lines = []
    names = sorted(level, key=lambda name: (not level[name], name.startswith("."), name))
    for name in names:
        branch, last = level[name], name == names[-1]
        label = name
        while len(branch) == 1 and next(iter(branch.values())):
            part, branch = next(iter(branch.items()))
            label = f"{label}/{part}"
        label += "/" if branch else ""
        if id(branch) in folded:
            label, branch = f"{label} ({len(branch)} files)", {}
        lines.append(f"{indent}{'└── ' if last else '├── '}{label}")
        lines += _branches(branch, indent + ("    " if last else "│   "), folded)
    return lines


def plan_data(plan: Plan) -> list[dict[str, str]]:
    """Return the plan as data."""
    return [
        {"action": change.action, "path": change.path, **origin_data(change)}
        for change in plan.changes
    ]


def origin_lines(rendered: Rendered) -> list[str]:
    """Return a sentence for each third party that wrote a chosen feature."""
    by: dict[str, list[str]] = {}
    for feature in rendered.third_parties:
        if feature.origin:
            by.setdefault(feature.origin.label, []).append(f"`{feature.id}`")
    return [
        f"{', '.join(names)} of {label}: written by a third party, `--dry-run` marks the files"
        for label, names in by.items()
    ]


def origin_data(change: Change) -> dict[str, str]:
    """Return which third parties wrote any of a file, and where it runs then."""
    from mcpforge.project.places import runs

    writes = change.origin and change.action != "delete"
    return {"origin": change.origin, "runs": runs(change.path) if writes else ""}

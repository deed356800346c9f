"""What a plan may touch, and which of its files run by themselves somewhere."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.project.files import check_inside, is_known_link
from mcpforge.project.lock import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.project.lock import Lock
    from mcpforge.project.plan import Change, Plan

_PROTECTED = frozenset({".git", ".env", FOLDER})
_RUNS = (
    (".github/*", "runs in CI, with its secrets"),
    (".gitlab-ci.yml", "runs in CI, with its secrets"),
    (".pre-commit-config.yaml", "runs at every commit"),
    (".husky/*", "runs at every commit"),
    (".githooks/*", "runs at every commit"),
    (".devcontainer/*", "runs when the container is opened"),
    (".vscode/*", "runs when the folder is opened in an editor"),
)


def attention(change: Change) -> str:
    """Return where a file runs by itself and which third party wrote it, or nothing."""
    path = change.path.lower()
    found = [why for pattern, why in _RUNS if fnmatchcase(path, pattern)][:1]
    if change.origin:
        found.append(f"written by {change.origin}")
    return ", ".join(found)


def check_lock(root: Path, lock: Lock) -> None:
    """Raise `ForgeError` for a lock that names files out of the project, or protected ones."""
    for path, file in lock.files.items():
        for named in (path, file.at) if file.at else (path,):
            _check(root, named, link=lock.origin is not None)


def check_plan(root: Path, plan: Plan) -> None:
    """Raise `ForgeError` for a plan that would touch what no plan may."""
    for change in plan.changes:
        known = is_known_link(root / change.path, change.before)
        _check(root, change.path, link=change.link or known)
    for clash in plan.clashes:
        _check(root, clash.path)
    for change in plan.state:
        if PurePosixPath(change.path).parts[:1] != (FOLDER,):
            _check(root, change.path)


def _check(root: Path, path: str, *, link: bool = False) -> None:
    check_inside(root, path, link=link)
    parts = [part.casefold() for part in PurePosixPath(path).parts]
    if _PROTECTED.intersection(parts):
        raise ForgeError(
            f"`{path}` is none of the files that a plan may touch",
            hint="The lock names it; restore `.mcpforge/lock.toml` from git.",
            code="protected",
        )

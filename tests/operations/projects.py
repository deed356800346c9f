"""Projects on disk for the tests of verbs: made, changed, read back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.catalog.resolve import resolve
from mcpforge.errors import UsageError
from mcpforge.operations.change import ChangePlan, Wishes, carry_out, open_project, plan_answers
from mcpforge.operations.edit import add_features, drop_unused_options, remove_features
from mcpforge.operations.new import prepare
from mcpforge.project import apply

if TYPE_CHECKING:
    from collections.abc import Iterable


def make(root: Path, answers: Answers) -> Path:
    """Write a new project."""
    apply.create(root, prepare(root, answers, load()).plan)
    return root


def change(root: Path, answers: Answers, *, reformatted: bool = False) -> ChangePlan:
    """Bring a project to other answers."""
    root, lock = open_project(root)
    planned = plan_answers(root, lock, answers, load(), wishes=Wishes(reformatted=reformatted))
    carry_out(planned)
    return planned


def answers_of(root: Path) -> Answers:
    """Return the answers of a project."""
    return open_project(root)[1].answers


def tree_of(root: Path) -> dict[str, bytes]:
    """Return every file of a project but mcpforge's local state."""
    local = root / ".mcpforge" / "local"
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and local not in path.parents
    }


def add(answers: Answers, *features: str) -> Answers:
    """Return the answers with these features, replacing what fills the same choice."""
    return add_features(answers, features, load(), replacing=True)


def remove(answers: Answers, *features: str) -> Answers:
    """Return the answers without these features and what needs them."""
    catalog = load()
    return drop_unused_options(remove_features(answers, features, catalog, cascade=True), catalog)


def possible(features: Iterable[str]) -> bool:
    """Say whether these choices go together."""
    try:
        resolve(load(), features)
    except UsageError:
        return False
    return True

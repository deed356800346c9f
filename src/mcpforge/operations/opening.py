"""How a verb opens a project: what was cut short comes to an end first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.operations.change import open_project, settle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mcpforge.project.journal import Recovery
    from mcpforge.project.lock import Lock

_SAID = {
    "restored": "An earlier change was cut short: the project is as it was before",
    "completed": "An earlier change was cut short at its very end: it is complete now",
}


def settle_and_say(say: Callable[[str], None], start: Path) -> Recovery:
    """Put an end to a write that was cut short, say which, and return it."""
    outcome = settle(start)
    if outcome:
        say(_SAID[outcome])
    return outcome


def open_for(say: Callable[[str], None], start: Path, *, writing: bool) -> tuple[Path, Lock]:
    """Return root and lock of the project; only a verb that writes settles first."""
    if writing:
        settle_and_say(say, start)
    return open_project(start)

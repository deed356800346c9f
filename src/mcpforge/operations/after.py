"""What follows a change that was made: the commands to type, the check that may undo it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.operations.environment import missing_values

if TYPE_CHECKING:
    from mcpforge.operations.change import ChangePlan
    from mcpforge.operations.verify import Listing


def next_steps(change: ChangePlan) -> list[str]:
    """Return the commands that the change calls for, to be typed in the project."""
    steps = []
    if change.requirements_changed and (change.root / "uv.lock").is_file():
        steps.append("uv lock")
    if missing_values(change.root, change.rendered.slots.settings):
        steps.append("mcpforge env")
    tests = [] if change.lock.origin else ["uv run pytest"]
    return [*steps, *change.next_steps, *tests]


def verify_or_undo(change: ChangePlan) -> Listing:
    """Install, start and list the changed project; whatever goes wrong takes the change back.

    Raises `ForgeError` with the reason; the project is then as it was.
    """
    from mcpforge.operations import undo, verify

    try:
        verify.install(change.root)
        settings = change.rendered.slots.settings
        return verify.verify(change.root, change.answers.name, settings)
    except BaseException:
        undo.carry_out(undo.plan_undo(change.root))
        raise

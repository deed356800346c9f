"""The two tools that write: a plan applied, and secrets that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastmcp.tools import tool
from mcp.types import ToolAnnotations

from mcpforge.serve import guard
from mcpforge.serve.reading import Path
from mcpforge.serve.shapes import Applied, Secrets, ShortText

if TYPE_CHECKING:
    from mcpforge.serve.desk import Desk


class ApplyingTools:
    """What changes something."""

    def __init__(self, desk: Desk) -> None:
        """Keep what the tools share."""
        self._desk = desk

    @tool(
        annotations=ToolAnnotations(
            title="Apply a plan",
            read_only_hint=False,
            destructive_hint=True,
            idempotent_hint=False,
            open_world_hint=True,
        )
    )
    def apply(self, plan_id: ShortText) -> Applied:
        """Carry out a plan, all of it or nothing; refused where things have changed since.

        Look at its files and notes first. What it did to a project, `plan_undo` takes back.
        """
        return self._desk.shelf.apply(plan_id)

    @tool(
        annotations=ToolAnnotations(
            title="Write missing secrets",
            read_only_hint=False,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        )
    )
    def write_secrets(self, project: Path = ".") -> Secrets:
        """Give each secret that can be generated and is missing in `.env` a new value.

        Names are returned, never values; what is there stays as it is.
        """
        from mcpforge.operations.change import open_project
        from mcpforge.operations.environment import required_values, write_environment
        from mcpforge.operations.natives import require_native
        from mcpforge.operations.thirdparties import check_present
        from mcpforge.render.project import render

        place = self._desk.base.project(project)
        with self._desk.lock:
            root, lock = open_project(place.path)
            guard.check_lock(root, lock)
            require_native(lock, "declares no settings")
            check_present(lock, lock.answers, self._desk.catalog)
            settings = render(lock.answers, self._desk.catalog).slots.settings
            written = write_environment(root, settings)
            yours = required_values(root, settings)
        return Secrets(
            project=place.shown,
            written=list(written),
            settings_to_give=[item.env for item in yours],
        )

"""What only projects of mcpforge's own templates can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.project import lock as locks

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.project.lock import Lock


def is_foreign(start: Path) -> bool:
    """Say whether a folder belongs to a project from a Copier template."""
    try:
        return b"\n[template]\n" in (locks.find(start) / locks.PATH).read_bytes()
    except (ForgeError, OSError):
        return False


def require_native(lock: Lock, lack: str = "takes no features") -> None:
    """Refuse a project that was made from a Copier template which knows nothing of features.

    A fork of mcpforge's own template is refused by those who need that one's own files.
    """
    if lock.origin:
        raise ForgeError(
            f"This project was made from the Copier template `{lock.origin.source}`, which {lack}",
            hint="`mcpforge set data.NAME=VALUE` gives the template other answers; features go "
            "with a fork of mcpforge's own template.",
            code="foreign_project",
        )

"""`--moved OLD=NEW`, parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_moved(values: Sequence[str]) -> dict[str, str]:
    """Return old path → new path; raises `UsageError` for another form."""
    moved = {}
    for value in values:
        old, equals, new = value.partition("=")
        if not (equals and old and new):
            raise UsageError(f"`--moved {value}` is not of the form OLD=NEW")
        moved[old] = new
    return moved

"""What a merge gives back: the text, how it was found, and what is left for the user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

How = Literal["lines", "structured", "syntax"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that both sides changed: lines of the user's file (from 1), and the three texts."""

    description: str
    start: int
    end: int
    base: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged text; with conflicts it has diff3 markers, and is written on request only."""

    text: str
    how: How
    conflicts: tuple[Conflict, ...] = field(default=())
    advisories: tuple[str, ...] = field(default=())

    @property
    def clean(self) -> bool:
        """Nothing is left for the user to decide."""
        return not self.conflicts

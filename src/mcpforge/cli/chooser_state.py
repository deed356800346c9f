"""The state of the chooser: what is chosen, where the pointer stands, what would come of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.render.project import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mcpforge.answers import Answers
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list: a feature, or the heading above some.

    `choice` names the single choice that the feature fills, or is empty.
    """

    title: str
    note: str = ""
    level: int = 0
    feature: Layer | None = None
    choice: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a set of features amounts to: its files and implied features, or why it can't be."""

    paths: frozenset[str] = frozenset()
    implied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    error: str = ""


class Choices:
    """The features being chosen. Only features get the pointer, headings are passed over."""

    def __init__(self, catalog: Catalog, answers: Answers) -> None:
        """Begin with the features of `answers`; its texts are those of the preview."""
        self.rows = list_rows(catalog)
        self.chosen = set(answers.features)
        self.name = answers.name
        self.scroll = 0
        self.before: frozenset[str] = frozenset()
        self._catalog = catalog
        self._answers = answers
        self._known: dict[frozenset[str], Outcome] = {}
        self._stops = [number for number, row in enumerate(self.rows) if row.feature]
        self._stop = 0
        self.shown = self.outcome
        self.before = self.shown.paths

    @property
    def outcome(self) -> Outcome:
        """What the present choice amounts to."""
        key = frozenset(self.chosen)
        if key not in self._known:
            self._known[key] = self._render(key)
        return self._known[key]

    @property
    def pointer(self) -> int:
        """The row that the pointer stands at."""
        return self._stops[self._stop] if self._stops else 0

    @property
    def pointed(self) -> Row | None:
        """The feature that the pointer stands at; none in an empty catalogue."""
        return self.rows[self.pointer] if self._stops else None

    @property
    def position(self) -> str:
        """Where the pointer stands among all features."""
        return f"{self._stop + 1} of {len(self._stops)}" if self._stops else "nothing to choose"

    def move(self, steps: int) -> None:
        """Move the pointer by so many features, at most to an end."""
        self._stop = max(0, min(len(self._stops) - 1, self._stop + steps))

    def jump(self, direction: int) -> None:
        """Move the pointer to the first feature of the next group, or back to that of this one."""
        groups = [row.feature.group if row.feature else "" for row in self.rows]
        firsts = [
            number
            for number, row in enumerate(self._stops)
            if not number or groups[row] != groups[self._stops[number - 1]]
        ]
        if direction > 0:
            later = [number for number in firsts if number > self._stop]
            self._stop = min(later, default=self._stop)
        else:
            self._stop = max((number for number in firsts if number < self._stop), default=0)

    def toggle(self) -> None:
        """Choose the feature at the pointer, or leave it out; in a single choice it replaces."""
        row = self.pointed
        if row is None or row.feature is None:
            return
        identifier = row.feature.id
        if identifier in self.chosen:
            self.chosen.remove(identifier)
        else:
            if row.choice:
                rivals = (other for other in self.rows if other.choice == row.choice)
                self.chosen -= {other.feature.id for other in rivals if other.feature}
            self.chosen.add(identifier)
        if not self.outcome.error:
            self.before, self.shown = self.shown.paths, self.outcome

    def _render(self, features: Iterable[str]) -> Outcome:
        answers = replace(self._answers, features=tuple(sorted(features)))
        try:
            rendered = render(answers, self._catalog)
        except ForgeError as error:
            return Outcome(error=error.message)
        return Outcome(frozenset(rendered.tree), rendered.selection.implied_by)


def list_rows(catalog: Catalog) -> list[Row]:
    """Return the catalogue as rows: by group, and in it what has a kind of its own apart."""
    rows = []
    for group in catalog.groups.values():
        members = catalog.members(group.id)
        if not members:
            continue
        rows.append(Row(group.title, "one at most" if group.takes == "one" else ""))
        for kind in sorted({member.kind for member in members}):
            if kind:
                rows.append(Row(kind.capitalize(), "one at most", level=1))
            for member in members:
                if member.kind == kind:
                    choice = catalog.single_choice(member)
                    origin = f" (from {member.origin.label})" if member.origin else ""
                    summary = member.summary + origin
                    rows.append(Row(member.id, summary, feature=member, choice=choice))
    return rows

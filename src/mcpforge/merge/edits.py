"""Edits of a text by offsets: whatever no edit names stays as the user wrote it, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Clash(Exception):
    """A change that can't be made in the user's text; the sentence says why."""

    def __init__(self, message: str) -> None:
        """Keep the sentence."""
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Edit:
    """The text between two offsets becomes another one."""

    start: int
    end: int
    text: str


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return the edited text; insertions at one offset keep their order.

    Raises `Clash` where two edits want the same characters, unless both take them out.
    """
    pieces = []
    at = 0
    deleted = True
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at and (edit.text or not deleted):
            raise Clash("two changes want the same place")
        pieces += [text[at : edit.start], edit.text]
        at = max(at, edit.end)
        deleted = not edit.text
    return "".join([*pieces, text[at:]])


def line_start(text: str, offset: int) -> int:
    """Return the offset at which the line of an offset begins."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Return the offset of the newline that ends the line of an offset, or of the text's end."""
    found = text.find("\n", offset)
    return len(text) if found < 0 else found


def indentation(text: str, offset: int) -> str:
    """Return the white space that the line of an offset begins with."""
    start = line_start(text, offset)
    line = text[start : line_end(text, offset)]
    return line[: len(line) - len(line.lstrip(" \t"))]


def comment_block(text: str, start: int, stop: int, marker: str = "#") -> int:
    """Return where the comment lines directly above a line begin, not above the offset `stop`."""
    at = start
    while at > stop:
        above = line_start(text, at - 1)
        if above < stop or not text[above : at - 1].lstrip(" \t").startswith(marker):
            break
        at = above
    return at

"""TOML by offsets: tables, entries, and the brackets of arrays and inline tables."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import Any

from mcpforge.merge.brackets import Group
from mcpforge.merge.edits import Clash, line_end, line_start

Path = tuple[str, ...]
_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key = value`: its full path, where its line begins, and where its value stands."""

    path: Path
    start: int
    value: int
    end: int


@dataclass(slots=True)
class Table:
    """A table: its path, where its header begins and ends, and its entries in order."""

    path: Path
    start: int
    header_end: int
    array: bool
    entries: list[Entry] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Where its last entry, or its header, ends."""
        return self.entries[-1].end if self.entries else self.header_end


class TomlSource:
    """One TOML text with its data; raises `Clash` for one that does not parse."""

    def __init__(self, text: str) -> None:
        """Parse the text and find where everything stands."""
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            raise Clash("your file can't be read as TOML") from None
        self.text = text
        self.tables = [Table((), 0, 0, array=False)]
        at = self._blank(0)
        while at < len(text):
            at = self._blank(self._header(at) if text[at] == "[" else self._entry(at))

    def find(self, path: Path) -> Entry | None:
        """Return the entry of a path."""
        return next((e for table in self.tables for e in table.entries if e.path == path), None)

    def table(self, path: Path) -> Table | None:
        """Return the table with this header; the part above all headers has an empty path."""
        return next((t for t in self.tables if t.path == path and not t.array), None)

    def group(self, at: int) -> Group | None:
        """Return the brackets of the array or inline table that begins here."""
        if self.text[at : at + 1] not in {"[", "{"}:
            return None
        items = []
        position = self._blank(at + 1)
        while self.text[position] not in "]}":
            start = position
            if self.text[at] == "{":
                _, position = self._key(position)
                position = self._blank(position + 1)
            position = self._value(position)
            items.append((start, position))
            position = self._blank(position)
            if self.text[position] == ",":
                position = self._blank(position + 1)
        return Group(at, position, tuple(items))

    def _blank(self, at: int) -> int:
        """Return the first offset that is neither white space nor comment."""
        text = self.text
        while at < len(text) and (text[at].isspace() or text[at] == "#"):
            at = line_end(text, at) if text[at] == "#" else at + 1
        return at

    def _header(self, at: int) -> int:
        array = self.text.startswith("[[", at)
        path, end = self._key(at + 1 + array)
        stop = line_end(self.text, end)
        self.tables.append(Table(path, line_start(self.text, at), stop, array))
        return stop

    def _entry(self, at: int) -> int:
        keys, equals = self._key(at)
        table = self.tables[-1]
        start = equals + 1
        while self.text[start] in " \t":
            start += 1
        end = self._value(start)
        table.entries.append(Entry((*table.path, *keys), line_start(self.text, at), start, end))
        return end

    def _key(self, at: int) -> tuple[Path, int]:
        """Return a dotted key and the offset behind it and the blanks after it."""
        parts = []
        while True:
            while self.text[at] in " \t":
                at += 1
            start = at
            if self.text[at] in "\"'":
                at = self._string(at)
                parts.append(next(iter(tomllib.loads(f"{self.text[start:at]}=0"))))
            else:
                while self.text[at] in _BARE:
                    at += 1
                parts.append(self.text[start:at])
            while self.text[at] in " \t":
                at += 1
            if self.text[at] != ".":
                return tuple(parts), at
            at += 1

    def _value(self, at: int) -> int:
        """Return the offset behind a value."""
        if self.text[at] in "\"'":
            return self._string(at)
        group = self.group(at)
        if group is not None:
            return group.close + 1
        while at < len(self.text) and self.text[at] not in ",]}#\n":
            at += 1
        return len(self.text[:at].rstrip())

    def _string(self, at: int) -> int:
        quote = self.text[at]
        mark = quote * 3 if self.text.startswith(quote * 3, at) else quote
        at += len(mark)
        while not self.text.startswith(mark, at):
            at += 2 if quote == '"' and self.text[at] == "\\" else 1
        at += len(mark)
        while len(mark) > 1 and self.text.startswith(quote, at):
            at += 1
        return at


def leaves(data: dict[str, Any], path: Path = ()) -> dict[Path, Any]:
    """Return the values by path; only tables with keys of their own are looked into."""
    found: dict[Path, Any] = {}
    for key, value in data.items():
        here = (*path, key)
        if isinstance(value, dict) and value:
            found |= leaves(value, here)
        else:
            found[here] = value
    return found

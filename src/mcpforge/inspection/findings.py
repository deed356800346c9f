"""What a check found, and the rules that say why it matters and how it is done in 4.1."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

Severity = Literal["error", "warning"]
"""`error` fails on FastMCP 4.1; `warning` runs, but does not do what it says."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One place that needs a change: where, what is wrong, why, and the right form."""

    path: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The texts of one kind of finding; `{name}` in them is filled in where it is found."""

    code: str
    severity: Severity
    message: str
    why: str
    fix: str

    def at(self, path: str, line: int, column: int, **fields: str) -> Finding:
        """Return the finding of this rule at a place; lines and columns count from 1."""
        message, why, fix = (text.format(**fields) for text in (self.message, self.why, self.fix))
        return Finding(path, line, column, self.code, self.severity, message, why, fix)


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by its code."""
    return {code: Rule(code, **texts) for code, texts in _read("rules.toml").items()}


@cache
def removed() -> dict[str, dict[str, str]]:
    """Return the tables of what is gone: table name → name → what to write in its place."""
    return cast("dict[str, dict[str, str]]", _read("removed.toml"))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))

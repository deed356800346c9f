"""What a file is, by its name: this decides how it is checked and merged."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["python", "toml", "json", "yaml", "dotenv", "entries", "prose", "plain"]

_SUFFIXES: dict[str, Kind] = {
    ".py": "python",
    ".pyi": "python",
    ".toml": "toml",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".env": "dotenv",
    ".md": "prose",
    ".rst": "prose",
    ".txt": "prose",
}
_ENTRIES = {".gitignore", ".dockerignore", ".gitattributes"}
_PROSE = {"LICENSE", "NOTICE", "AUTHORS"}


def kind_of(path: str) -> Kind:
    """Return the kind of a file, `plain` where nothing is known."""
    name = PurePosixPath(path).name
    if name in _ENTRIES:
        return "entries"
    if name in _PROSE:
        return "prose"
    if name == ".env" or name.startswith(".env."):
        return "dotenv"
    return _SUFFIXES.get(PurePosixPath(name).suffix.lower(), "plain")

"""What a script of edits is, and what scripts are put together from.

A script changes a project as paths and texts. `rewrites` marks those that spell the templates' own
code differently (formatting, names): what they "wrote" may go together with what it spells.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

Texts = dict[str, str]
Change = Callable[[Texts], None]

PACKAGE = "src/demo"
SERVER = f"{PACKAGE}/server.py"
OWN_MODULES = {
    "from .greet import greet": (
        f"{PACKAGE}/tools/greet.py",
        'def greet(name: str) -> str:\n    """Say hello."""\n    return f"Hello, {name}"\n',
    ),
    "from .zebra import zebra": (
        f"{PACKAGE}/tools/zebra.py",
        'def zebra() -> str:\n    """Return stripes."""\n    return "stripes"\n',
    ),
    "import zzz": (f"{PACKAGE}/zzz.py", '"""Mine."""\n\nzzz = 1\n'),
    "import Mine": (
        f"{PACKAGE}/mine.py",
        "from fastmcp.server.middleware import Middleware\n\n\nclass Mine(Middleware):\n"
        '    """Mine."""\n',
    ),
}
REWRITING = frozenset(
    [
        *("absolute imports", "imports reversed", "single quotes", "two spaces", "tabs"),
        *("black 79", "black 88", "black 120", "black 79, single quotes", "reflowed call"),
        *("renamed mcp", "renamed settings", "renamed app", "renamed tool", "uv reindented"),
        *("tools on one line", "extracted list", "wrapped call", "everything", "reindented JSON"),
        *("server.py moved", "server.py renamed", "settings.py moved", "factory renamed"),
        *("imports in brackets", "options extracted", "call in a helper", "server in a method"),
        *("keywords in a dict", "middleware in a loop", "within try", "late imports"),
        *("tools built", "settings split"),
    ]
)


@dataclass(frozen=True)
class Script:
    """A realistic edit: what it does, where it moves files of ours, how it renames definitions."""

    name: str
    change: Change
    moved: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def rewrites(self) -> bool:
        """Whether it spells the templates' code in another way."""
        return self.name in REWRITING

    def edited(self, texts: Texts) -> Texts:
        """Return a project after the edit."""
        result = dict(texts)
        self.change(result)
        for marker, (path, content) in OWN_MODULES.items():
            if any(marker in text for text in result.values()):
                result.setdefault(path, content)
        return result


def everywhere(edit: Callable[[str, str], str]) -> Change:
    @lru_cache(maxsize=2_000)
    def edited(path: str, text: str) -> str:
        result = edit(path, text)
        return result if not path.endswith(".py") or _parses(result) else text

    def change(texts: Texts) -> None:
        for path, text in texts.items():
            texts[path] = edited(path, text)

    return change


def _parses(text: str) -> bool:
    """Say whether an edit left Python; one that didn't, nobody would have kept."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def substituted(path: str, *steps: tuple[str, str]) -> Change:
    """Return a change of one file by regular expressions."""

    def change(texts: Texts) -> None:
        for pattern, replacement in steps:
            if path in texts:
                texts[path] = re.sub(pattern, replacement, texts[path], flags=re.M)

    return change


def move(old: str, new: str) -> Change:
    """Return the move of a module one folder down, with all imports put right."""
    before = old.removeprefix("src/").removesuffix(".py").replace("/", ".")
    after = new.removeprefix("src/").removesuffix(".py").replace("/", ".")
    short, long = before.partition(".")[2], after.partition(".")[2]

    def change(texts: Texts) -> None:
        text = re.sub(r"^from \.", "from ..", texts.pop(old), flags=re.M)
        for path in list(texts):
            if path.endswith(".py"):
                moved = re.sub(rf"^from {before} ", f"from {after} ", texts[path], flags=re.M)
                pattern = rf"^from (\.+){short} "
                texts[path] = re.sub(pattern, rf"from \1{long} ", moved, flags=re.M)
        texts[new] = text
        folder = new.rpartition("/")[0]
        texts.setdefault(f"{folder}/__init__.py", '"""Moved here."""\n')

    return change


def deleted(*paths: str) -> Change:
    def change(texts: Texts) -> None:
        for path in paths:
            texts.pop(path, None)

    return change


def both(*changes: Change) -> Change:
    def change(texts: Texts) -> None:
        for each in changes:
            each(texts)

    return change


def added(path: str, text: str) -> Change:
    def change(texts: Texts) -> None:
        texts[path] = text

    return change


def end(path: str, text: str) -> Change:
    def change(texts: Texts) -> None:
        if path in texts:
            texts[path] += text

    return change

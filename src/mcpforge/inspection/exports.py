"""What the files of a tree take from each other: `from package.server import mcp`."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mcpforge.inspection.scopes import imported
from mcpforge.inspection.values import Source, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEPTH = 8


class Exports:
    """The modules of a tree; asked what a dotted name of one of them stands for."""

    def __init__(self, trees: Mapping[str, ast.Module], declared: frozenset[str]) -> None:
        """Read the modules, by their paths from the root of the tree."""
        self.sources = {
            path: Source(tree, path, self.resolve, declared) for path, tree in trees.items()
        }
        self._modules: dict[tuple[str, ...], list[str]] = {}
        for path in trees:
            parts = _module(path)
            for start in range(len(parts)):
                self._modules.setdefault(parts[start:], []).append(path)
        self._open: list[str] = []

    def resolve(self, path: str, dotted: str) -> Value | None:
        """Return the server or other instance that a name of another file stands for."""
        *module, name = self._absolute(path, dotted)
        if not module or len(self._open) > _DEPTH or dotted in self._open:
            return None
        found = [p for p in self._modules.get(tuple(module), []) if p != path]
        if len(found) != 1:
            return None
        source = self.sources[found[0]]
        if name not in source.scopes.module.bindings:
            return None
        self._open.append(dotted)
        try:
            value = source.lookup(name, source.scopes.module)
        finally:
            self._open.pop()
        return Value(value.kind, value.name) if value and value.kind == "instance" else None

    def imported_by(self, paths: Iterable[str]) -> set[str]:
        """Return the other files of the tree that these import, directly or through another."""
        reached: set[str] = set()
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            for node in self.sources[path].nodes:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    new = self._imports(path, node) - reached
                    reached |= new
                    waiting += new
        return reached

    def _imports(self, path: str, node: ast.Import | ast.ImportFrom) -> set[str]:
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        else:
            named = [dotted for _, dotted in imported(node)]
        found: set[str] = set()
        for dotted in named:
            parts = self._absolute(path, dotted)
            for module in (parts, parts[:-1]):
                places = self._modules.get(module, [])
                found.update(places if len(places) == 1 else [])
        return found

    def _absolute(self, path: str, dotted: str) -> tuple[str, ...]:
        if not dotted.startswith("."):
            return tuple(dotted.split("."))
        level = len(dotted) - len(dotted.lstrip("."))
        package = list(PurePosixPath(path).with_suffix("").parts[:-1])
        around = package[: len(package) - (level - 1)]
        return (*around, *dotted.lstrip(".").split("."))


def _module(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts

"""What the files of a tree take from each other: `from package.server import mcp`."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mcpforge.inspection.names import Value
from mcpforge.inspection.others import Others
from mcpforge.inspection.scopes import Function, imported
from mcpforge.inspection.values import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEPTH = 8


class Exports(Others):
    """The modules of a tree; asked what a dotted name of one of them stands for."""

    def __init__(self, trees: Mapping[str, ast.Module], declared: frozenset[str]) -> None:
        """Read the modules, by their paths from the root of the tree."""
        self.sources = {path: Source(tree, path, self, declared) for path, tree in trees.items()}
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
        if value is None or value.kind == "instance":
            return Value("instance", value.name) if value else None
        made = source.made_by(value.node) if isinstance(value.node, Function) else None
        return Value("factory", made.name) if made and made.kind == "instance" else None

    def fixture(self, path: str, name: str) -> Value | None:
        """Return what the fixture gives that the conftests around a file define."""
        for near in self._conftests(path):
            source = self.sources[near]
            made = source.fixture(name) if near != path else None
            value = source.made_by(made) if made else None
            if made:
                return Value("instance", value.name) if value else None
        return None

    def _conftests(self, path: str) -> list[str]:
        places = [str(folder / "conftest.py") for folder in PurePosixPath(path).parents]
        return [place for place in places if place in self.sources]

    def fields(self, path: str) -> frozenset[str]:
        """Return the fields of the classes in what a file imports, and in pytest's conftests."""
        met = set(self._conftests(path))
        for node in self.sources[path].nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                met |= self._imports(path, node)
        return frozenset(name for near in met for name in self.sources[near].classes.names())

    def holds(self, dotted: str) -> bool:
        """Tell whether a module of this name is one of the tree, at its root or under `src`."""
        places = self._modules.get(tuple(dotted.split(".")), [])
        length = len(dotted.split("."))
        roots = (_module(place)[:-length] for place in places)
        return any(not root or root[-1] == "src" for root in roots)

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

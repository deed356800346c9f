"""Where the imports of a module stand and what they bring."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mcpforge.merge.edits import line_end, line_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mcpforge.merge.source import Source

Statement = ast.Import | ast.ImportFrom


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """One imported name: the full module, the name in it (none for `import module`), its alias."""

    scope: str
    module: str
    name: str
    alias: str


@dataclass(frozen=True, slots=True)
class Found:
    """An import statement: where it may stand (the module, or under TYPE_CHECKING), its names."""

    scope: str
    node: Statement
    names: tuple[Name, ...]


def find(tree: ast.Module, path: str) -> list[Found]:
    """Return the import statements of a module, those under `if TYPE_CHECKING:` and `try:` too."""
    return list(_find(tree.body, "", path))


def _find(body: Sequence[ast.stmt], scope: str, path: str) -> Iterator[Found]:
    for node in body:
        if isinstance(node, ast.Import):
            names = [Name(scope, alias.name, "", alias.asname or "") for alias in node.names]
            yield Found(scope, node, tuple(names))
        elif isinstance(node, ast.ImportFrom):
            module = full_module(node, path)
            names = [Name(scope, module, alias.name, alias.asname or "") for alias in node.names]
            yield Found(scope, node, tuple(names))
        elif isinstance(node, ast.If):
            inner = ast.unparse(node.test).rpartition(".")[2]
            yield from _find(node.body, inner if inner == "TYPE_CHECKING" else scope, path)
        elif isinstance(node, ast.Try):
            yield from _find(node.body, scope, path)


def full_module(node: ast.ImportFrom, path: str) -> str:
    """Return the absolute name of the module that a file at this path imports from."""
    if not node.level:
        return node.module or ""
    parts = list(PurePosixPath(path).parts[:-1])
    if parts[:1] == ["src"]:
        parts = parts[1:]
    kept = parts[: len(parts) - node.level + 1] if node.level <= len(parts) else []
    return ".".join([*kept, *([node.module] if node.module else [])])


def bounds(source: Source) -> tuple[int, int]:
    """Return which statements of a module are its imports: from the first on, before the end."""
    kinds = [isinstance(node, Statement) for node in source.tree.body]
    if True not in kinds:
        return 0, 0
    return kinds.index(True), len(kinds) - kinds[::-1].index(True)


def is_pure(source: Source) -> bool:
    """Say whether the imports of a module are one block with nothing between."""
    first, end = bounds(source)
    return all(isinstance(node, Statement) for node in source.tree.body[first:end])


def region_of(source: Source) -> tuple[int, int] | None:
    """Return where the imports of a module stand, from the first to the last."""
    first, end = bounds(source)
    if first == end:
        return None
    start = source.span(source.tree.body[first])[0]
    stop = source.span(source.tree.body[end - 1])[1]
    return line_start(source.text, start), line_end(source.text, stop)

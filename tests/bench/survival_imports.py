"""Imports within a project that lead nowhere: a module or a name that is not there."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.survival_edits import Texts

PACKAGE = "demo"


@lru_cache(maxsize=20_000)
def _imported(path: str, text: str) -> tuple[tuple[str, str], ...]:
    """Return the modules of the package that a file imports from, and the names."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ()
    folder = path.removeprefix("src/").split("/")[:-1]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            if module.split(".")[0] == PACKAGE:
                found += [(module, alias.name) for alias in node.names]
    return tuple(found)


@lru_cache(maxsize=20_000)
def _bound(text: str) -> frozenset[str]:
    """Return the names that a module has, by whatever statement."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return frozenset()
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return frozenset(names)


def dangling(texts: Texts) -> set[str]:
    """Return which files import what is not there, each as a sentence."""
    found = set()
    for path, text in texts.items():
        for module, name in _imported(path, text) if path.endswith(".py") else ():
            place = f"src/{module.replace('.', '/')}"
            home = texts.get(f"{place}.py", texts.get(f"{place}/__init__.py"))
            inner = f"{place}/{name}"
            if f"{inner}.py" in texts or f"{inner}/__init__.py" in texts:
                continue
            if home is None or name not in _bound(home):
                found.add(f"{path} imports {module}.{name}, which is not there")
    return found

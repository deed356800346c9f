"""Uses, in the user's own code, of what is about to go: modules, names and settings."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.project.relocate import module_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

SKIPPED = frozenset(
    [
        ".git",
        ".hg",
        ".mcpforge",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".venv",
        "__pycache__",
        "build",
        "dist",
        "node_modules",
        "site-packages",
        "venv",
    ]
)


@dataclass(frozen=True, slots=True)
class Going:
    """What a plan takes away: dotted modules, names in modules that stay, settings."""

    modules: frozenset[str] = frozenset()
    names: frozenset[tuple[str, str]] = frozenset()
    settings: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything goes at all."""
        return bool(self.modules or self.names or self.settings)


@dataclass(frozen=True, slots=True)
class Use:
    """One place that uses what goes."""

    path: str
    line: int
    what: str


def python_files(root: Path) -> Iterator[str]:
    """Yield the Python files of a project as relative paths; not those of environments."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(files):
            path = Path(folder) / name
            if name.endswith(".py") and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def behind_links(root: Path, places: Iterable[str]) -> dict[str, str]:
    """Return real path → place of those of the places that stand behind a link within the root."""
    folders: dict[str, list[str]] = {}
    for place in places:
        folders.setdefault(place.rpartition("/")[0], []).append(place)
    found: dict[str, str] = {}
    for folder, inside in folders.items():
        real = (root / folder).resolve()
        if real != root.resolve() / folder and real.is_relative_to(root.resolve()):
            base = real.relative_to(root.resolve())
            found.update((str(base / place.rpartition("/")[2]), place) for place in inside)
    return found


def top_level_names(text: str) -> frozenset[str]:
    """Return the functions, classes and variables that a module defines."""
    names: set[str] = set()
    for node in _parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return frozenset(names)


def imported_names(path: str, text: str) -> frozenset[str]:
    """Return the full names of what a file imports: modules, and names in modules."""
    names: set[str] = set()
    for node in ast.walk(_parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, _package(path))
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def _package(path: str) -> str:
    module = module_of(path)
    return module if path.endswith("/__init__.py") else module.rpartition(".")[0]


def find_uses(sources: Mapping[str, str], going: Going) -> list[Use]:
    """Return every use in these files (path → text); a file that doesn't parse has none."""
    found: list[Use] = []
    for path, text in sources.items():
        package = _package(path)
        for node in ast.walk(_parse(text)):
            line = getattr(node, "lineno", 1)
            found.extend(Use(path, line, what) for what in _used(node, package, going))
    return found


def imported_tops(sources: Iterable[str]) -> frozenset[str]:
    """Return the top-level modules that these texts import."""
    tops: set[str] = set()
    for text in sources:
        for node in ast.walk(_parse(text)):
            if isinstance(node, ast.Import):
                tops.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                tops.add(node.module.split(".")[0])
    return frozenset(tops)


def _used(node: ast.AST, package: str, going: Going) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if _within(alias.name, going.modules))
    elif isinstance(node, ast.ImportFrom):
        module = _absolute(node, package)
        if _within(module, going.modules):
            yield module
            return
        for alias in node.names:
            if f"{module}.{alias.name}" in going.modules or (module, alias.name) in going.names:
                yield f"{module}.{alias.name}"
    elif (
        isinstance(node, ast.Attribute) and node.attr in going.settings and _is_settings(node.value)
    ):
        yield f"settings.{node.attr}"


def _is_settings(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return "settings" in name.lower() or "config" in name.lower()


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _within(module: str, going: Collection[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in going)


def _parse(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])

"""Before something goes: what the user's own code still uses stays, or stops the verb."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

from mcpforge.errors import ConflictError
from mcpforge.operations.orphans import edited_orphans
from mcpforge.operations.uses import (
    Going,
    find_uses,
    imported_tops,
    python_files,
    top_level_names,
)
from mcpforge.project.relocate import module_of
from mcpforge.render.contributions import split_requirement
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.project.changes import Disk
    from mcpforge.project.lock import Lock
    from mcpforge.tree import Tree

_PROJECT = "pyproject.toml"
_FIELD = re.compile(r"^    ([a-z][a-z0-9_]*): ", re.MULTILINE)


def keep_used(
    root: Path, lock: Lock, theirs: Tree, catalog: Catalog, disk: Disk
) -> tuple[Tree, tuple[str, ...]]:
    """Return the new tree with the requirements that the user's code imports, and what to say.

    Raises `ConflictError` when the user's code uses a module, a name or a setting that would go.
    """
    old = {path: _pristine(disk, lock, path) for path in _changing(lock, theirs)}
    going = _going(lock, old, theirs, disk)
    dropped = _requirements(old.get(_PROJECT, "")) - _requirements(_text(theirs, _PROJECT))
    if not going and not dropped:
        return theirs, ()
    sources = _own_sources(root, lock, theirs)
    uses = find_uses(sources, going)
    if uses:
        shown = ", ".join(f"{use.path}:{use.line}" for use in uses[:3])
        raise ConflictError(
            f"`{uses[0].what}` would go, but your code uses it: {shown}",
            hint="Take the use out first; nothing was written.",
            code="in_use",
        )
    orphans = edited_orphans(lock, theirs, disk)
    lacking = sorted({(use.path, use.what) for use in find_uses(orphans, going)})
    said = tuple(f"`{path}` stays, but `{what}`, which it uses, goes" for path, what in lacking)
    tops = imported_tops([*sources.values(), *orphans.values()])
    kept = sorted(item for item in dropped if _module(item, catalog) in tops)
    if not kept:
        return theirs, said
    file = theirs[_PROJECT]
    content = _with_requirements(file.text, kept).encode()
    notes = tuple(f"`{item}` stays in `{_PROJECT}`: your code imports it" for item in kept)
    return {**theirs, _PROJECT: replace(file, content=content)}, (*said, *notes)


def _changing(lock: Lock, theirs: Tree) -> list[str]:
    """Return the managed files that go or change."""
    return [
        path
        for path, file in lock.files.items()
        if file.ownership == "managed"
        and not file.orphan
        and (path not in theirs or theirs[path].id != file.id)
    ]


def _pristine(disk: Disk, lock: Lock, path: str) -> str:
    return (disk.pristine(lock.files[path].id) or b"").decode("utf-8", "replace")


def _text(tree: Tree, path: str) -> str:
    return tree[path].text if path in tree else ""


def _going(lock: Lock, old: dict[str, str], theirs: Tree, disk: Disk) -> Going:
    """Return what goes, as the user's code calls it: by where modules and names are now."""
    modules: set[str] = set()
    names: set[tuple[str, str]] = set()
    settings: set[str] = set()
    for path, file in lock.files.items():
        if file.orphan or path in theirs or not (path.startswith("src/") and path.endswith(".py")):
            continue
        ours = disk.read(file.at or path)
        if ours is not None and disk.untouched(path, file, ours):
            modules.add(module_of(file.at or path))
    for path, text in old.items():
        if path.startswith("src/") and path.endswith(".py") and path in theirs:
            gone = top_level_names(text) - top_level_names(theirs[path].text)
            home, place = module_of(path), module_of(lock.files[path].at or path)
            names.update((place, disk.places.names.get((home, name), name)) for name in gone)
            if path.endswith("/settings.py"):
                settings = set(_FIELD.findall(text)) - set(_FIELD.findall(theirs[path].text))
    return Going(frozenset(modules), frozenset(names), frozenset(settings))


def _own_sources(root: Path, lock: Lock, theirs: Tree) -> dict[str, str]:
    """Return the user's Python files, and those of ours that were edited and stay."""
    places = {file.at or path: (path, file) for path, file in lock.files.items()}
    found = {}
    for path in python_files(root):
        content = (root / path).read_bytes()
        if path in places:
            original, file = places[path]
            leaving = original not in theirs  # deleted, or an orphan that nothing wires any more
            if leaving or file.ownership == "managed" or blob_id(content) == file.id:
                continue
        found[path] = content.decode("utf-8", "replace")
    return found


def _requirements(text: str) -> frozenset[str]:
    if not text:
        return frozenset()
    project = tomllib.loads(text).get("project", {})
    return frozenset(project.get("dependencies", ()))


def _module(requirement: str, catalog: Catalog) -> str:
    name = split_requirement(requirement)[0].lower()
    return catalog.project.modules.get(name, name.replace("-", "_").replace(".", "_"))


def _with_requirements(text: str, kept: list[str]) -> str:
    head, found, rest = text.partition("\ndependencies = [\n")
    body, end, tail = rest.partition("]\n")
    lines = [*body.splitlines(), *(f'    "{item}",' for item in kept)]
    lines.sort(key=lambda line: split_requirement(line.strip().strip('",'))[0].lower())
    return f"{head}{found}{''.join(f'{line}{chr(10)}' for line in lines)}{end}{tail}"

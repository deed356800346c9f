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
    behind_links,
    find_uses,
    imported_tops,
    python_files,
    top_level_names,
)
from mcpforge.project.relocate import module_of
from mcpforge.render.contributions import split_requirement
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.operations.uses import Use
    from mcpforge.project.changes import Disk
    from mcpforge.project.lock import Lock
    from mcpforge.project.plan import Plan
    from mcpforge.tree import Tree

_PROJECT = "pyproject.toml"
_FIELD = re.compile(r"^    ([a-z][a-z0-9_]*): ", re.MULTILINE)


def keep_used(
    root: Path, lock: Lock, theirs: Tree, catalog: Catalog, disk: Disk, going: Going
) -> tuple[Tree, tuple[str, ...]]:
    """Return the new tree with the requirements that the user's code imports, and what to say.

    Raises `ConflictError` when the user's code uses a module, a name or a setting that would go.
    """
    old = _pristine(disk, lock, _PROJECT) if _PROJECT in _changing(lock, theirs) else ""
    dropped = _requirements(old) - _requirements(_text(theirs, _PROJECT))
    if not going and not dropped:
        return theirs, ()
    sources = _own_sources(root, lock, theirs)
    _refuse(find_uses(sources, going))
    orphans = edited_orphans(lock, theirs, disk)
    lacking = sorted({(use.path, use.what) for use in find_uses(orphans, going)})
    said = tuple(f"`{path}` stays, but `{what}`, which it uses, goes" for path, what in lacking)
    tops = imported_tops([*sources.values(), *orphans.values()]) | _own_tops(lock, theirs, disk)
    kept = sorted(item for item in dropped if _module(item, catalog) in tops)
    if not kept:
        return theirs, said
    file = theirs[_PROJECT]
    content = _with_requirements(file.text, kept).encode()
    notes = tuple(f"`{item}` stays in `{_PROJECT}`: your code imports it" for item in kept)
    return {**theirs, _PROJECT: replace(file, content=content)}, (*said, *notes)


def check_merged(lock: Lock, theirs: Tree, plan: Plan, disk: Disk, going: Going) -> None:
    """Raise `ConflictError` where a file of ours that the user edited would still use what goes.

    Looked at is the text that the plan leaves: what a merge takes out is no use.
    """
    if not going:
        return
    written = {change.path: change for change in plan.changes}
    clashing = {clash.path for clash in plan.clashes}
    for path, file in lock.files.items():
        place = file.at or path
        if path not in theirs or not path.endswith(".py") or place in clashing:
            continue
        if theirs[path].ownership != "managed":
            continue  # looked at with the user's own
        content = written[place].content if place in written else disk.read(place)
        if content is None or blob_id(content) == theirs[path].id:
            continue
        meant = {use.what for use in find_uses({path: theirs[path].text}, going)}
        uses = find_uses({place: content.decode("utf-8", "replace")}, going)
        _refuse([use for use in uses if use.what not in meant])


def _refuse(uses: Sequence[Use]) -> None:
    if uses:
        shown = ", ".join(dict.fromkeys(f"{use.path}:{use.line}" for use in uses[:3]))
        raise ConflictError(
            f"`{uses[0].what}` would go, but your code uses it: {shown}",
            hint="Take the use out first; nothing was written.",
            code="in_use",
        )


def _own_tops(lock: Lock, theirs: Tree, disk: Disk) -> frozenset[str]:
    """Return the top-level modules that the user made files of ours import."""
    tops: set[str] = set()
    for path, file in lock.files.items():
        ours = disk.read(file.at or path) if path in theirs and path.endswith(".py") else None
        if ours is not None and not disk.untouched(path, file, ours):
            base = _pristine(disk, lock, path)
            tops |= imported_tops([ours.decode("utf-8", "replace")]) - imported_tops([base])
    return frozenset(tops)


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


def find_going(lock: Lock, theirs: Tree, disk: Disk) -> Going:
    """Return what goes, as the user's code calls it: by where modules and names are now."""
    old = {path: _pristine(disk, lock, path) for path in _changing(lock, theirs)}
    modules: set[str] = set()
    names: set[tuple[str, str]] = set()
    settings: set[str] = set()
    for path, file in lock.files.items():
        if file.orphan or path in theirs or not (path.startswith("src/") and path.endswith(".py")):
            continue
        ours = disk.read(file.at or path)
        if ours is not None and disk.goes(path, file, ours):
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
    links = behind_links(root, places)
    found = {}
    for path in python_files(root):
        content = (root / path).read_bytes()
        place = links.get(path, path)
        if place in places:
            original, file = places[place]
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

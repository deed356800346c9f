"""Where files of ours went that the user moved, and what their names became."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.operations.uses import python_files, top_level_names
from mcpforge.project.relocate import Places, module_of
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from mcpforge.project.lock import Lock, LockedFile
    from mcpforge.tree import Tree

    Pristine = Callable[[str], bytes | None]

# As `git diff --find-renames` decides by default: half of the lines are the same.
SIMILAR = 0.5
# What a module defines, as its lines tell; where all of that is still there nothing is parsed.
_DEFINED = re.compile(rb"^(?:async def|def|class)\s+\w+|^\w+(?=\s*[:=])", re.MULTILINE)


def with_moves(
    root: Path,
    lock: Lock,
    tree: Tree,
    told: Mapping[str, str],
    read_pristine: Pristine,
) -> Lock:
    """Return the lock with where the user moved what is no longer in its place.

    Raises `ForgeError` where what was `told` is not so.
    """
    for old, new in told.items():
        if old not in lock.files or not (root / new).is_file():
            missing = old if old not in lock.files else new
            raise ForgeError(
                f"`{missing}` is not there, so nothing moved",
                hint="The form is `--moved OLD=NEW`: a path of ours, and where it is now.",
            )
    absent = [
        path
        for path, file in lock.files.items()
        if path not in told
        and path.endswith(".py")
        and not (root / (file.at or path)).is_file()
        and _matters(path, file, tree)
    ]
    found = {**(find_moves(root, lock, absent, read_pristine) if absent else {}), **told}
    files = {
        path: replace(file, at=found[path] if found[path] != path else "")
        if path in found
        else file
        for path, file in lock.files.items()
    }
    return replace(lock, files=files)


def _matters(path: str, file: LockedFile, tree: Tree) -> bool:
    """Whether it matters where a file is: it changes or goes, or others may import it."""
    importable = path.startswith("src/") and not file.orphan
    return importable or path not in tree or tree[path].id != file.id


def find_moves(
    root: Path, lock: Lock, absent: Iterable[str], read_pristine: Pristine
) -> dict[str, str]:
    """Return old path → new path for missing Python files that are found elsewhere.

    A candidate is no file of ours. It has the same content, or defines all names that the pristine
    text (asked for by its blob id) defines and is similar to it; where several are, nothing is
    guessed, and none is the place of two.
    """
    ours = {file.at or path for path, file in lock.files.items()}
    others = {path: (root / path).read_bytes() for path in python_files(root) if path not in ours}
    by_id: dict[str, list[str]] = {}
    for path, content in others.items():
        by_id.setdefault(blob_id(content), []).append(path)
    found = {}
    for path in absent:
        matches = by_id.get(lock.files[path].id, [])
        if not matches:
            text = (read_pristine(lock.files[path].id) or b"").decode("utf-8", "replace")
            names = top_level_names(text)
            matches = [
                other for other, seen in others.items() if names and _same(seen, text, names)
            ]
        if len(matches) == 1:
            found[path] = matches[0]
    taken = list(found.values())
    return {old: new for old, new in found.items() if taken.count(new) == 1}


def _same(content: bytes, text: str, names: frozenset[str]) -> bool:
    other = content.decode("utf-8", "replace")
    if not all(name in other for name in names) or not names <= top_level_names(other):
        return False
    matcher = difflib.SequenceMatcher(None, text.splitlines(), other.splitlines(), autojunk=False)
    return matcher.ratio() >= SIMILAR


def find_places(root: Path, lock: Lock, tree: Tree, read_pristine: Pristine) -> Places:
    """Return where the user has the modules of ours, and how their definitions are called now.

    Only what the lock or a comparison with the pristine text makes certain; modules and names that
    are nowhere any more are told apart. What is new in the tree goes where its folder went.
    """
    files = {path: file.at for path, file in lock.files.items() if file.at}
    if files:
        files |= _followed(root, files, tree.keys() - lock.files.keys())
    names: dict[tuple[str, str], str] = {}
    gone: set[str] = set()
    for path, file in lock.files.items():
        if file.ownership != "managed" or file.orphan or not _is_package_code(path):
            continue
        module, place = module_of(path), root / (file.at or path)
        if not place.is_file():
            gone.add(module)
            continue
        content = place.read_bytes()
        if blob_id(content) == file.id:
            continue
        renamed, lost = _definitions(read_pristine(file.id) or b"", content)
        names.update(((module, old), new) for old, new in renamed.items())
        gone.update(f"{module}.{name}" for name in lost)
    return Places(files, names, frozenset(gone))


def _followed(root: Path, files: Mapping[str, str], new: Iterable[str]) -> dict[str, str]:
    """Return path → place of new files in folders that are gone, with most of their files in one.

    That is how git finds renamed directories.
    """
    found: dict[PurePosixPath, Counter[PurePosixPath]] = {}
    for old, now in files.items():
        before, after = PurePosixPath(old), PurePosixPath(now)
        while before.parts and after.parts and before.name == after.name:
            before, after = before.parent, after.parent
            found.setdefault(before, Counter())[after] += 1
    followed = {}
    for path in new:
        for folder in PurePosixPath(path).parents:
            places = found.get(folder, Counter()).most_common(1)
            if places and 2 * places[0][1] > found[folder].total() and _is_gone(root / folder):
                followed[path] = str(places[0][0] / PurePosixPath(path).relative_to(folder))
                break
    return followed


def _is_gone(folder: Path) -> bool:
    """Whether a folder holds nothing but what Python leaves."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return all(path.suffix == ".pyc" for path in files)


def _is_package_code(path: str) -> bool:
    return path.startswith("src/") and path.endswith(".py")


def _definitions(base: bytes, ours: bytes) -> tuple[dict[str, str], frozenset[str]]:
    if set(_DEFINED.findall(base)) <= set(_DEFINED.findall(ours)):
        return {}, frozenset()
    from mcpforge.merge.renames import definitions

    try:
        return definitions(base.decode(), ours.decode("utf-8"))
    except UnicodeDecodeError:
        return {}, frozenset()

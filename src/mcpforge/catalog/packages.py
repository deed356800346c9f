"""The installed packages that bring features: found once, read once, kept in the user's cache.

Packages announce themselves by an entry point. Looking for it costs as much as a whole `new`, so it
is done once for each state of the folders that packages are installed in, and what was read of
a package is kept until one of its files changes. Reading is done in a child process; no module of
a package is imported anywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge import __version__
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from mcpforge.catalog.catalog import Catalog

_ANNOUNCED = b"[mcpforge.features]"
_WORK = "mcpforge.catalog.intake:work"
_MOST_FILES = 20_000
_MOST_BYTES = 64_000

Found = dict[str, Any]
"""What is known of one origin: prefix, package, version, root, hash, and layers or `refused`."""


def read_origin(root: Path, prefix: str, ours: Catalog, what: str) -> Found:
    """Return prefix, hash and layers of a folder, read in a child process.

    Without a prefix it is what the ids have before their first `-`. Raises `ForgeError` for what is
    not right, which `what` names where a limit was broken.
    """
    from mcpforge.confine import Child

    request = {
        "job": "read",
        "root": str(root),
        "prefix": prefix,
        "groups": list(ours.groups),
        "ids": list(ours.features),
    }
    with Child(_WORK) as child:
        read: Found = child.ask(request, what)
        return read


def packages(ours: Catalog) -> list[Found]:
    """Return what is known of the installed packages; from the cache, as far as it still holds."""
    cache = _cache_file()
    held = _cached(cache, ours)
    state = _state()
    places = held["places"] if held.get("state") == state else _announcing()
    found: list[Found] = []
    for place in places:
        fresh = [item for item in held.get("found", ()) if item["place"] == place]
        if fresh and all(_stamp(place, item.get("root", "")) == item["stamp"] for item in fresh):
            found += fresh
        else:
            found += _examined(place, ours)
    wanted = {
        "for": [__version__, ours.hash],
        "state": state,
        "places": places,
        "found": found,
    }
    if wanted != held:
        _keep(cache, wanted)
    return found


def _state() -> list[list[Any]]:
    """Return what changes when a package comes, goes or gets another version."""
    state: list[list[Any]] = []
    for place in _search_path():
        with contextlib.suppress(OSError):
            state.append([place, os.stat(place).st_mtime_ns])  # noqa: PTH116 - on the fast path
    return state


def _search_path() -> list[str]:
    """Return the folders that packages are installed in; the folder we are in is none of them."""
    here = os.path.realpath(".")
    return [item for item in dict.fromkeys(sys.path) if item and os.path.realpath(item) != here]


def _announcing() -> list[str]:
    """Return the metadata folders of the packages that have our entry point."""
    found = []
    for place in _search_path():
        with contextlib.suppress(OSError):
            names = [name for name in os.listdir(place) if name.endswith(".dist-info")]  # noqa: PTH208
            for name in sorted(names):
                with contextlib.suppress(OSError):
                    if _ANNOUNCED in _beginning(f"{place}/{name}/entry_points.txt"):
                        found.append(f"{place}/{name}")
    return found


def _beginning(path: str) -> bytes:
    """Return the first bytes of a plain file; a pipe or a device is no reason to wait."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(handle, _MOST_BYTES) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    finally:
        os.close(handle)


def _examined(place: str, ours: Catalog) -> list[Found]:
    """Return what a package brings, read in a child process."""
    from mcpforge.confine import Child

    name = Path(place).name.removesuffix(".dist-info").replace("-", " ")
    try:
        with Child(_WORK) as child:
            told = child.ask({"job": "locate", "path": place}, f"The metadata of {name}")
    except ForgeError as error:
        package, _, version = name.partition(" ")
        told = [{"prefix": package, "package": package, "version": version, **_refused(error)}]
    found: list[Found] = []
    for item in told:
        if "root" in item:
            what = f"`{item['package']} {item['version']}`"
            try:
                item.update(read_origin(Path(item["root"]), item["prefix"], ours, what))
            except ForgeError as error:
                item.update(_refused(error))
        stamp = _stamp(place, item.get("root", ""))
        found.append({**item, "place": place, "stamp": stamp})
    return found


def _refused(error: ForgeError) -> dict[str, str]:
    return {"refused": error.message, "hint": error.hint}


def _stamp(place: str, root: str) -> str:
    """Return what changes with any file of a package: names, sizes, times; nothing is read."""
    digest = hashlib.sha256(f"{place}\0{root}".encode())
    waiting, count = [place, *([root] if root else [])], 0
    while waiting and count < _MOST_FILES:
        with contextlib.suppress(OSError):
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
            for entry in entries:
                if entry.name == "__pycache__":
                    continue
                count += 1
                status = entry.stat(follow_symlinks=False)
                line = f"{entry.path}\0{status.st_mode}\0{status.st_size}\0{status.st_mtime_ns}\n"
                digest.update(line.encode("utf-8", "surrogateescape"))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return digest.hexdigest()


def _cache_file() -> Path | None:
    """Return the file of this installation below the user's cache folder, where there is one."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(base or os.path.expanduser("~/.cache"))  # noqa: PTH111 - never raises
    if not folder.is_absolute():
        return None
    key = hashlib.sha256("\0".join(_search_path()).encode("utf-8", "surrogateescape"))
    return folder / "mcpforge" / f"features-{key.hexdigest()[:16]}.json"


def _cached(path: Path | None, ours: Catalog) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        if path is not None and path.stat().st_uid == os.getuid():
            loaded: dict[str, Any] = json.loads(path.read_bytes())
            if loaded["for"] == [__version__, ours.hash]:
                return loaded
    return {}


def _keep(path: Path | None, data: dict[str, Any]) -> None:
    if path is None:
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file)
        draft.replace(path)

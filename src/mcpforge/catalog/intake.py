"""Reading the feature folders of third parties: what the child process does.

Nothing here runs or imports what it reads, follows a link, or reads more than the limits allow.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge.catalog.manifest import FRAGMENTS
from mcpforge.catalog.strict import (
    ID,
    check_condition,
    check_identifier,
    check_path,
    check_strictly,
    refused,
    shown,
)
from mcpforge.catalog.walk import texts_of
from mcpforge.errors import ForgeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

GROUP = "mcpforge.features"
_MANIFEST_BYTES = 64_000
_PARTS = ("files", "with", "fragments")
_VERSION = re.compile(r"[0-9A-Za-z.+!_-]{1,64}")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


def work(request: Mapping[str, Any]) -> Any:
    """Do one of the jobs: `locate` a package, `read` a folder, `match` a pattern of an option."""
    if request["job"] == "locate":
        return locate(request["path"])
    if request["job"] == "match":
        return re.fullmatch(request["pattern"], request["text"]) is not None
    return read(Path(request["root"]), request["prefix"], request["groups"], request["ids"])


def locate(path: str) -> list[dict[str, str]]:
    """Return prefix, package, version and root of what a `.dist-info` folder announces.

    The form of its entry point is by https://packaging.python.org/specifications/entry-points/: the
    name is the prefix, the value a top-level package. That is found by the files which the
    distribution lists, or for an editable install on the search path; it is never imported. An
    entry that can't be used has a `refused` sentence instead of a root.
    """
    from importlib.metadata import Distribution

    distribution = Distribution.at(path)
    name, version = str(distribution.metadata["Name"]), str(distribution.version)
    if not _DISTRIBUTION.fullmatch(name) or not _VERSION.fullmatch(version):
        raise refused("Name or version of the package can't be read")
    found = []
    for point in distribution.entry_points:
        if point.group == GROUP:
            told = {"prefix": shown(point.name), "package": name, "version": version}
            try:
                _check_prefix(point.name)
                told["root"] = str(_folder_of(distribution, point.value))
            except ForgeError as error:
                told |= {"refused": error.message, "hint": error.hint}
            found.append(told)
    if not found:
        raise refused("The package announces no features after all")
    return found


def _check_prefix(prefix: str) -> None:
    if not ID.fullmatch(prefix):
        raise refused(f"The entry point `{shown(prefix)}` is no prefix: lower-case letters first")


def _folder_of(distribution: Any, package: str) -> Path:
    from importlib.machinery import PathFinder

    if not package.isidentifier():
        raise refused(f"The entry point names `{shown(package)}`, which is no top-level package")
    if any(file.parts[0] == package for file in distribution.files or ()):
        folder = Path(distribution.locate_file(package))
        if folder.is_dir():
            return folder
    spec = PathFinder.find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        return Path(place)
    raise refused(f"The package `{package}` of the entry point can't be found")


def read(root: Path, prefix: str, groups: Collection[str], ids: Collection[str]) -> dict[str, Any]:
    """Return prefix, content hash and layers of a folder, in the form of `sources.load_raw`.

    `groups` and `ids` are ours. Without a prefix it is what the ids have before their first `-`.
    Raises `ForgeError` for whatever is not right, with the path in the folder.
    """
    texts = dict(texts_of(root))
    folders = sorted({tuple(path.split("/")[:2]) for path in texts if path.count("/") > 1})
    features = [
        (group, feature) for group, feature in folders if f"{group}/{feature}/feature.toml" in texts
    ]
    stray = [pair for pair in folders if pair not in features and pair[1] not in _PARTS]
    if stray:
        raise refused(f"`{'/'.join(stray[0])}` has no `feature.toml`")
    if not features:
        raise refused(
            f"There are no features in `{shown(root.name)}`",
            hint="They stand in `GROUP/FEATURE/feature.toml`.",
        )
    prefix = prefix or features[0][1].partition("-")[0]
    _check_prefix(prefix)
    layers = []
    for group in dict.fromkeys(group for group, _ in features):
        layers += _group(texts, group, prefix, groups)
    for group, feature in features:
        where = f"{group}/{feature}"
        check_identifier(feature, prefix, where)
        if feature in ids or feature in groups:
            raise refused(f"{where}: `{feature}` is the id of a feature of mcpforge")
        layers.append(_layer(texts, where, "feature", feature, group))
        for former in layers[-1]["manifest"].get("formerly", ()):
            check_identifier(former, prefix, f"{where}: formerly")
    names = [layer["id"] for layer in layers]
    if twice := [name for name in names if names.count(name) > 1]:
        raise refused(f"Two groups or features are called `{twice[0]}`")
    text = json.dumps(layers, sort_keys=True, ensure_ascii=False)
    return {
        "prefix": prefix,
        "hash": hashlib.sha256(text.encode()).hexdigest()[:16],
        "layers": layers,
    }


def _group(
    texts: Mapping[str, str], group: str, prefix: str, ours: Collection[str]
) -> list[dict[str, Any]]:
    own = f"{group}/group.toml" in texts
    if group in ours:
        if own or any(
            path.startswith(tuple(f"{group}/{part}/" for part in _PARTS)) for path in texts
        ):
            raise refused(f"{group}: the group `{group}` is mcpforge's, a feature can only join it")
        return []
    if not own:
        near = did_you_mean(group, ours)
        raise refused(
            f"`{shown(group)}` is no group of mcpforge, and has no `group.toml`", hint=near.strip()
        )
    if group != prefix:
        check_identifier(group, prefix, group)
    return [_layer(texts, group, "group", group, group)]


def _layer(
    texts: Mapping[str, str], where: str, what: str, identifier: str, group: str
) -> dict[str, Any]:
    from mcpforge.catalog.checks import check_manifest

    manifest = _manifest(texts[f"{where}/{what}.toml"], f"{where}/{what}.toml")
    check_manifest(manifest, what=what, where=f"{where}/{what}.toml")
    check_strictly(manifest, f"{where}/{what}.toml")
    files: dict[str, dict[str, str]] = {}
    fragments: dict[str, str] = {}
    for path, text in texts.items():
        if not path.startswith(f"{where}/") or path == f"{where}/{what}.toml":
            continue
        part, _, rest = path.removeprefix(f"{where}/").partition("/")
        if part == "files":
            check_path(rest, where)
            files.setdefault("", {})[rest] = text
        elif part == "with":
            condition, _, rest = rest.partition("/")
            check_condition(condition, where)
            check_path(rest, where)
            files.setdefault(condition, {})[rest] = text
        elif part == "fragments":
            slot = rest.split(".", 1)[0]
            if slot not in FRAGMENTS or not rest.endswith(".jinja"):
                raise refused(
                    f"{where}: `fragments/{shown(rest)}` fills no slot",
                    hint=did_you_mean(slot, FRAGMENTS) + f"Slots: {', '.join(FRAGMENTS)}.",
                )
            fragments[slot] = text
        elif what == "feature":
            raise refused(
                f"{where}: `{shown(part)}` is no part of a feature",
                hint=did_you_mean(part, _PARTS) + f"Parts: {what}.toml, {', '.join(_PARTS)}.",
            )
    return {
        "what": what,
        "id": identifier,
        "group": group,
        "manifest": manifest,
        "files": files,
        "fragments": fragments,
    }


def _manifest(text: str, where: str) -> dict[str, Any]:
    import tomllib

    if len(text) > _MANIFEST_BYTES:
        raise refused(f"{where} is longer than {_MANIFEST_BYTES:,} characters")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise refused(f"{where} is not TOML: {shown(str(error))}") from None

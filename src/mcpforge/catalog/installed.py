"""What can be chosen on this machine: our features, those of installed packages, and of folders."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge.catalog import catalog as catalogs
from mcpforge.catalog.manifest import Origin, parse_layer
from mcpforge.catalog.packages import packages, read_origin
from mcpforge.errors import ForgeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.packages import Found

VARIABLE = "MCPFORGE_FEATURES_PATH"


def load(folders: Sequence[str | Path] | None = None) -> Catalog:
    """Return the catalogue with the features of installed packages and of these folders.

    Without `folders` they are those that the variable `MCPFORGE_FEATURES_PATH` names. A package
    that can't be used is left out, and told in `refusals`. Raises `ForgeError` for a folder that
    can't be used: somebody asked for that one.
    """
    ours = catalogs.load()
    named = _folders(folders)
    installed = packages(ours)
    if not (named or installed):
        return ours
    origins = [_read_folder(folder, ours) for folder in named]
    prefixes = [origin["prefix"] for origin in origins]
    if twice := [prefix for prefix in prefixes if prefixes.count(prefix) > 1]:
        raise UsageError(f"Two folders have features whose ids begin with `{twice[0]}-`")
    taken = set(prefixes)
    origins += [found for found in _settled(installed) if found["prefix"] not in taken]
    return joined(ours, origins)


def _folders(given: Sequence[str | Path] | None) -> list[Path]:
    if given is None:
        given = [item for item in os.environ.get(VARIABLE, "").split(os.pathsep) if item]
    folders = list(dict.fromkeys(Path(os.path.realpath(item)) for item in given))
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(
                f"`{folder}` is no folder of features",
                hint=f"`--features-path` and `{VARIABLE}` name folders with `GROUP/FEATURE/`.",
            )
    return folders


def _settled(installed: Iterable[Found]) -> list[Found]:
    """Return the packages, each of two with one prefix refused."""
    settled: dict[str, Found] = {}
    for found in installed:
        other = settled.get(found["prefix"])
        if other:
            names = " and ".join(sorted(f"`{item['package']}`" for item in (found, other)))
            found = {  # noqa: PLW2901 - neither counts any more
                **{key: value for key, value in found.items() if key != "layers"},
                "refused": f"The prefix `{found['prefix']}` is claimed by {names}",
                "hint": "Uninstall one of them.",
            }
        settled[found["prefix"]] = found
    return list(settled.values())


def joined(ours: Catalog, origins: Iterable[Found]) -> Catalog:
    """Return our catalogue with the layers of origins; one that doesn't fit is a refusal.

    Raises `ForgeError` for a folder that doesn't fit.
    """
    catalog = ours
    refusals: dict[str, ForgeError] = {}
    origins = list(origins)
    for found in origins:
        if "layers" in found:
            refusals |= _taken(catalog, found)
            catalog = _extended(catalog, found)
        else:
            refusals[found["prefix"]] = _refusal(
                f"{found['package']} {found['version']}", found["refused"], found["hint"]
            )
    while True:  # who needs what was left out is left out as well
        catalog = _without(catalog, refusals)
        more = _misnamed(catalog)
        if not more:
            break
        refusals |= more
    for found in origins:
        if "package" not in found and found["prefix"] in refusals:
            raise refusals[found["prefix"]]
    return replace(catalog, refusals=refusals)


def _refusal(label: str, message: str, hint: str) -> ForgeError:
    return ForgeError(f"`{label}`: {message}", hint=hint, code="origin_refused")


def _misnamed(catalog: Catalog) -> dict[str, ForgeError]:
    """Return a refusal for each origin that names what is not there."""
    from mcpforge.catalog.checks import check_names

    refusals = {}
    for layer in (*catalog.groups.values(), *catalog.features.values()):
        if layer.origin:
            try:
                check_names(catalog, layer)
            except ForgeError as error:
                refusals[layer.origin.prefix] = _refusal(
                    layer.origin.label, error.message, error.hint
                )
    return refusals


def _taken(catalog: Catalog, found: Found) -> dict[str, ForgeError]:
    """Return a refusal for each of two origins that have an id in common."""
    known = {**catalog.groups, **catalog.features}
    refusals: dict[str, ForgeError] = {}
    for item in found["layers"]:
        other = known[item["id"]].origin if item["id"] in known else None
        if other:
            label = f"{found.get('package') or 'a folder'} {found.get('version', '')}".strip()
            error = ForgeError(
                f"`{item['id']}` is brought by `{other.label}` and by `{label}`",
                hint="Uninstall one of them.",
                code="origin_refused",
            )
            refusals |= {other.prefix: error, found["prefix"]: error}
    return refusals


def _extended(catalog: Catalog, found: Found) -> Catalog:
    origin = Origin(
        found["prefix"], found["hash"], found.get("package", ""), found.get("version", "")
    )
    groups, features = dict(catalog.groups), dict(catalog.features)
    for item in found["layers"]:
        layer = parse_layer(
            item["manifest"],
            identifier=item["id"],
            group=item["group"],
            files=item["files"],
            fragments=item["fragments"],
            origin=origin,
        )
        (groups if item["what"] == "group" else features)[layer.id] = layer
    folders = dict(catalog.folders)
    if not origin.package:
        folders[origin.prefix] = found["root"]
    return replace(catalog, groups=groups, features=features, folders=folders)


def _without(catalog: Catalog, prefixes: Iterable[str]) -> Catalog:
    gone = set(prefixes)

    def kept(layers: Any) -> dict[str, Any]:
        return {
            key: layer
            for key, layer in layers.items()
            if not (layer.origin and layer.origin.prefix in gone)
        }

    return replace(catalog, groups=kept(catalog.groups), features=kept(catalog.features))


def _read_folder(folder: Path, ours: Catalog) -> Found:
    try:
        read = read_origin(folder, "", ours, f"The folder `{folder}`")
    except ForgeError as error:
        raise ForgeError(
            f"`{folder.name}`: {error.message}" if error.code != "limit" else error.message,
            hint=error.hint,
            code="origin_refused" if error.code == "manifest" else error.code,
        ) from None
    return {**read, "root": str(folder)}

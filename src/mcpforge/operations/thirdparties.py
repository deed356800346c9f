"""A project and the third parties that wrote some of its features: there, older, newer, missing."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.catalog.manifest import Layer, Origin
from mcpforge.errors import ForgeError
from mcpforge.operations.known import known_answers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mcpforge.answers import Answers
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.project.lock import Lock
    from mcpforge.project.thirdparties import ThirdParty


def is_current(lock: Lock, catalog: Catalog) -> bool:
    """Say whether a project was made with the templates that are installed, third parties' too."""
    if lock.templates != catalog.hash:
        return False
    for prefix, item in lock.third_parties.items():
        origin = _origin(prefix, catalog)
        if origin is None or origin.hash != item.hash:
            return False
    return True


def _origin(prefix: str, catalog: Catalog) -> Origin | None:
    layers = (*catalog.features.values(), *catalog.groups.values())
    found = (layer.origin for layer in layers if layer.origin and layer.origin.prefix == prefix)
    return next(found, None)


def missing(lock: Lock, answers: Answers, catalog: Catalog) -> list[tuple[str, str, ThirdParty]]:
    """Return id, prefix and third party of chosen features whose package or folder is not there."""
    if not lock.third_parties:
        return []
    gone = known_answers(answers, catalog)[1]
    return [
        (identifier, prefix, item)
        for prefix, item in sorted(lock.third_parties.items())
        for identifier in gone
        if identifier in item.features and _origin(prefix, catalog) is None
    ]


def check_present(lock: Lock, answers: Answers, catalog: Catalog) -> None:
    """Refuse to go on without what wrote a part of the project, or with an older version of it.

    Raises `ForgeError` with the command that installs it; what can't be used is refused for its
    own reason.
    """
    for identifier, prefix, item in missing(lock, answers, catalog):
        if prefix in catalog.refusals:
            raise catalog.refusals[prefix]
        raise absent(identifier, item)
    for prefix, item in lock.third_parties.items():
        origin = _origin(prefix, catalog)
        if origin and item.package and origin.hash != item.hash and _is_older(origin, item):
            raise ForgeError(
                f"{_names(item.features)} was last written by {item.package} {item.version}, "
                f"installed is {origin.version}",
                hint=f"Install the newer one: `{_install(item)}`.",
                code="features_newer",
            )


def _is_older(origin: Origin, item: ThirdParty) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return origin.package == item.package and Version(origin.version) < Version(item.version)
    except InvalidVersion:
        return False


def absent(identifier: str, item: ThirdParty) -> ForgeError:
    """Return the error of a feature whose package or folder is not there."""
    if item.package:
        return ForgeError(
            f"This project has `{identifier}` of {item.package} {item.version}, "
            "which is not installed",
            hint=f"Install it: `{_install(item)}`. Without it: `mcpforge remove {identifier}`.",
            code="features_missing",
        )
    return ForgeError(
        f"This project has `{identifier}` of a folder of features, which was not named",
        hint="Name it with `--features-path DIR`, or in `MCPFORGE_FEATURES_PATH`.",
        code="features_missing",
    )


def _install(item: ThirdParty) -> str:
    return install_command(f"{item.package}>={item.version}", Path(sys.prefix))


def install_command(requirement: str, environment: Path) -> str:
    """Return the command that puts a package beside mcpforge, by what installed mcpforge.

    uv leaves `uv-receipt.toml` in the environment of a tool, pipx `pipx_metadata.json`.
    """
    wanted = shlex.quote(requirement)
    if (environment / "uv-receipt.toml").is_file():
        others = "".join(f" --with {shlex.quote(item)}" for item in _beside(environment))
        return f"uv tool install mcpforge{others} --with {wanted}"
    if (environment / "pipx_metadata.json").is_file():
        return f"pipx inject mcpforge {wanted}"
    if any(environment.glob("lib/python3*/site-packages/pip")):
        return f"pip install {wanted}"
    return f"uv pip install {wanted}"


def _beside(environment: Path) -> list[str]:
    """Return what else uv installed with mcpforge: another `uv tool install` would drop it."""
    import tomllib

    try:
        receipt = tomllib.loads((environment / "uv-receipt.toml").read_text(encoding="utf-8"))
        items = receipt["tool"]["requirements"]
        return [
            f"{item['name']}{item.get('specifier', '')}"
            for item in items
            if item["name"] != "mcpforge"
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def with_stand_ins(lock: Lock, catalog: Catalog) -> Catalog:
    """Return a catalogue that also names the chosen features which are not installed.

    For reading the words of a verb, so that such a feature can be removed; nothing is rendered
    from it.
    """
    gone = missing(lock, lock.answers, catalog)
    if not gone:
        return catalog
    group = next(group.id for group in catalog.groups.values() if group.takes == "many")
    layers = {
        identifier: Layer(
            identifier,
            group,
            identifier,
            origin=Origin(prefix, item.hash, item.package, item.version),
        )
        for identifier, prefix, item in gone
    }
    return replace(catalog, features={**catalog.features, **layers})


def news(lock: Lock, catalog: Catalog) -> list[str]:
    """Return what `update` says of third parties: a line for each that changed."""
    lines = []
    for prefix, item in sorted(lock.third_parties.items()):
        origin = _origin(prefix, catalog)
        if origin and origin.hash != item.hash:
            old = f"{item.package} {item.version}" if item.package else "its folder as it was"
            lines.append(f"{_names(item.features)}: from {old} to {origin.label}")
    return lines


def _names(features: Iterable[str]) -> str:
    return ", ".join(f"`{item}`" for item in features)

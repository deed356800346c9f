"""What the lock remembers of features that third parties wrote: package or folder, and content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcpforge.render.filters import toml_key, toml_string

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mcpforge.render.project import Rendered


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Where chosen features came from: a distribution, or without one a folder that was named.

    `hash` identifies the content of all its features; no path of the machine is kept.
    """

    hash: str
    features: tuple[str, ...]
    package: str = ""
    version: str = ""


def recorded(rendered: Rendered) -> Mapping[str, ThirdParty]:
    """Return the third parties of a project by their prefix."""
    found: dict[str, ThirdParty] = {}
    for prefix in sorted({layer.origin.prefix for layer in rendered.third_parties if layer.origin}):
        layers = [
            layer
            for layer in rendered.third_parties
            if layer.origin and layer.origin.prefix == prefix
        ]
        origin = layers[0].origin
        assert origin
        names = tuple(sorted(layer.id for layer in layers))
        found[prefix] = ThirdParty(origin.hash, names, origin.package, origin.version)
    return found


def lock_lines(third_parties: Mapping[str, ThirdParty]) -> Iterator[str]:
    """Return the tables that the lock has of them."""
    for prefix, item in sorted(third_parties.items()):
        yield f"[third-parties.{toml_key(prefix)}]"
        if item.package:
            yield f"package = {toml_string(item.package)}"
            yield f"version = {toml_string(item.version)}"
        yield f"hash = {toml_string(item.hash)}"
        yield f"features = {toml_string(item.features)}"
        yield ""


def parse(raw: Mapping[str, Any]) -> Mapping[str, ThirdParty]:
    """Return what those tables say."""
    return {
        prefix: ThirdParty(
            item["hash"],
            tuple(item["features"]),
            item.get("package", ""),
            item.get("version", ""),
        )
        for prefix, item in raw.items()
    }

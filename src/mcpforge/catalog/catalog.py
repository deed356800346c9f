"""The catalogue: groups, features and presets, looked up by id."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from mcpforge.catalog.manifest import Layer, parse_layer
from mcpforge.catalog.sources import load_raw
from mcpforge.errors import ForgeError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything that can be chosen. `hash` identifies the content of all our templates.

    `folders` maps the prefix of third parties' features to the folder that was named, where they
    come from one; `refusals` the prefix of those that can't be used to the reason.
    """

    hash: str
    project: Layer
    groups: Mapping[str, Layer]
    features: Mapping[str, Layer]
    presets: Mapping[str, Mapping[str, Any]]
    licenses: Mapping[str, str]
    changes: tuple[tuple[str, str], ...] = ()
    components: Mapping[str, Layer] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, ForgeError] = field(default_factory=dict)

    @property
    def offered(self) -> list[Layer]:
        """The features that can be chosen, by id; not those that only others bring along."""
        return [feature for feature in self.features.values() if not feature.internal]

    def feature(self, identifier: str) -> Layer:
        """Return the feature with this id; raises `UsageError` with the nearest id."""
        try:
            return self.features[identifier]
        except KeyError:
            for prefix, refusal in self.refusals.items():
                if identifier.startswith(f"{prefix}-"):
                    raise refusal from None
            if identifier in self.groups:
                raise UsageError(
                    f"`{identifier}` is a group of features, no feature",
                    hint=f"It has: {', '.join(item.id for item in self.members(identifier))}.",
                    code="unknown_feature",
                ) from None
            named = identifier.rpartition("=")[2]  # `GROUP=FEATURE`, where that is no form
            raise UsageError(
                f"Feature `{identifier}` is unknown",
                hint=did_you_mean(named, [feature.id for feature in self.offered])
                + "See `mcpforge features`.",
                code="unknown_feature",
            ) from None

    def group(self, identifier: str) -> Layer:
        """Return the group with this id; raises `UsageError` with the nearest id."""
        try:
            return self.groups[identifier]
        except KeyError:
            raise UsageError(
                f"Group `{identifier}` is unknown",
                hint=did_you_mean(identifier, self.groups) + f"Groups: {', '.join(self.groups)}.",
                code="unknown_group",
            ) from None

    def component(self, kind: str) -> Layer:
        """Return a kind of component; raises `UsageError` with the nearest kind."""
        try:
            return self.components[kind]
        except KeyError:
            raise UsageError(
                f"There is no kind of component called `{kind}`",
                hint=did_you_mean(kind, self.components) + f"Kinds: {', '.join(self.components)}.",
                code="unknown_component",
            ) from None

    def members(self, group: str) -> list[Layer]:
        """Return the features of a group that can be chosen, by id."""
        return [feature for feature in self.offered if feature.group == group]

    def preset(self, identifier: str) -> tuple[str, ...]:
        """Return the features of a preset, with those of the presets it extends."""
        if identifier not in self.presets:
            raise UsageError(
                f"Preset `{identifier}` is unknown",
                hint=did_you_mean(identifier, self.presets)
                + f"Presets: {', '.join(self.presets)}.",
                code="unknown_preset",
            )
        raw = self.presets[identifier]
        inherited = self.preset(raw["extends"]) if "extends" in raw else ()
        return tuple(dict.fromkeys((*inherited, *raw.get("features", ()))))

    def changes_since(self, version: str) -> list[str]:
        """Return the CHANGELOG lines of templates since a version, as they stand there."""
        return [line for since, line in self.changes if _number(since) > _number(version)]

    def single_choice(self, feature: Layer) -> str:
        """Return the name of the choice that only one feature can fill, or nothing.

        What an internal feature brings is part of whoever requires it: it fills no choice.
        """
        if feature.internal:
            return ""
        if self.groups[feature.group].takes == "one":
            return feature.group
        return f"{feature.group} {feature.kind}" if feature.kind else ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def build(raw: Mapping[str, Any]) -> Catalog:
    """Return the catalogue that `sources.load_raw` or `sources.read_folder` read."""
    layers = [(item["what"], _parse(item)) for item in raw["layers"]]
    groups = sorted(
        (layer for what, layer in layers if what == "group"),
        key=lambda layer: (layer.order, layer.id),
    )
    return Catalog(
        hash=raw["hash"],
        project=next(layer for what, layer in layers if what == "layer"),
        groups={layer.id: layer for layer in groups},
        features={layer.id: layer for what, layer in layers if what == "feature"},
        presets=raw["presets"],
        licenses=raw["licenses"],
        changes=tuple((version, line) for version, line in raw.get("changes", ())),
        components={item["id"]: _parse(item) for item in raw["components"]},
    )


def _parse(item: Mapping[str, Any]) -> Layer:
    return parse_layer(
        item["manifest"],
        identifier=item["id"],
        group=item["group"],
        files=item["files"],
        fragments=item["fragments"],
    )


@cache
def load() -> Catalog:
    """Return the built-in catalogue; read once in a process."""
    return build(load_raw())

"""`mcpforge features`: one feature as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcpforge.operations.schema import option_schema

if TYPE_CHECKING:
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer


def feature_data(catalog: Catalog, feature: Layer) -> dict[str, Any]:
    """Return all there is to say about a feature."""
    return {
        "id": feature.id,
        "group": feature.group,
        "origin": feature.origin.label if feature.origin else "",
        "title": feature.title,
        "summary": feature.summary,
        "description": feature.description,
        "requires": [item for item in feature.requires if not catalog.features[item].internal],
        "requires_group": dict(feature.requires_group),
        "excludes": list(feature.excludes),
        "single_choice": catalog.single_choice(feature),
        "options": {option.name: option_schema(option) for option in feature.options.values()},
        "settings": [
            {"name": item["name"], "type": item["type"], "help": item["help"]}
            for item in feature.entries.get("settings", ())
        ],
        "dependencies": list(feature.lists.get("dependencies", ())),
        "presets": [name for name in catalog.presets if feature.id in catalog.preset(name)],
    }

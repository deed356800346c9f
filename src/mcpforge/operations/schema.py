"""The JSON Schema of an answers file, made from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcpforge import answers as rules

if TYPE_CHECKING:
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer, Option

_TYPES = {
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "str": "string",
    "choice": "string",
}
# All but control characters, as `characters.CONTROL` has them; line breaks and tabs may stand.
_TEXT = r"^[^\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\ud800-\udfff]*$"


def answers_schema(catalog: Catalog) -> dict[str, Any]:
    """Return a JSON Schema (draft 2020-12) of all answers that `new --answers` takes."""
    text = {"type": "string", "maxLength": rules.TEXT_LENGTH, "pattern": _TEXT}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mcpforge answers",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {
                "type": "string",
                "maxLength": rules.NAME_LENGTH,
                "pattern": "^[A-Za-z]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
                "description": "The name (PEP 508) of project, command and package",
            },
            "title": {**text, "description": "The name for people"},
            "description": {**text, "description": "What the server does, told to agents"},
            "author": {**text, "description": "Name <mail>"},
            "license": {"enum": list(rules.LICENSES), "default": "MIT"},
            "python": {"enum": list(rules.PYTHONS), "default": "3.11"},
            "year": {"type": "integer", "minimum": rules.FIRST_YEAR, "maximum": rules.LAST_YEAR},
            "preset": {"enum": list(catalog.presets)},
            "features": {
                "type": "array",
                "uniqueItems": True,
                "items": {
                    "oneOf": [
                        {"const": item.id, "title": item.title, "description": item.summary}
                        for item in sorted(catalog.offered, key=lambda layer: layer.id)
                    ]
                },
            },
            "options": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    item.id: {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            option.name: option_schema(option) for option in item.options.values()
                        },
                    }
                    for item in sorted(catalog.offered, key=lambda layer: layer.id)
                    if item.options
                },
            },
            "components": {
                "type": "array",
                "items": {"oneOf": [_component(kind) for kind in catalog.components.values()]},
            },
        },
    }


def _component(kind: Layer) -> dict[str, Any]:
    return {
        "type": "object",
        "title": kind.title,
        "description": kind.summary,
        "additionalProperties": False,
        "required": ["kind", "name"],
        "properties": {
            "kind": {"const": kind.id},
            "name": {
                "type": "string",
                "maxLength": rules.COMPONENT_LENGTH,
                "pattern": "^[a-z][a-z0-9]*([_-][a-z0-9]+)*$",
            },
            "options": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    option.name: option_schema(option) for option in kind.options.values()
                },
            },
        },
    }


def option_schema(option: Option) -> dict[str, Any]:
    """Return the JSON Schema of one option."""
    if option.type == "list":
        schema: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    else:
        schema = {"type": _TYPES[option.type]}
    if option.choices:
        schema["enum"] = list(option.choices)
    if option.pattern:
        schema["pattern"] = f"^(?:{option.pattern})$"
    if option.min is not None:
        schema["minimum"] = option.min
    if option.max is not None:
        schema["maximum"] = option.max
    default = list(option.default) if isinstance(option.default, tuple) else option.default
    return {**schema, "default": default, "description": option.help}

"""The published schemas of the formats that projects are delivered in."""

from __future__ import annotations

import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

# A folder with what has no package: server.schema.json of the MCP registry, and
# devContainer.base.schema.json of the development containers' specification.
FOLDER = os.environ.get("MCPFORGE_SCHEMAS", "")

# What those two say of the keys that are used here, in our own words.
OWN: dict[str, dict[str, Any]] = {
    "server.schema.json": {
        "type": "object",
        "required": ["name", "description", "version"],
        "additionalProperties": False,
        "properties": {
            "$schema": {"type": "string", "pattern": r"^https://.*/server\.schema\.json$"},
            "name": {"pattern": r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$", "maxLength": 200},
            "title": {"type": "string", "minLength": 1, "maxLength": 100},
            "description": {"type": "string", "minLength": 1, "maxLength": 100},
            "version": {"type": "string", "maxLength": 255},
            "repository": {
                "type": "object",
                "required": ["url", "source"],
                "properties": {"source": {"enum": ["github", "gitlab"]}},
            },
            "remotes": {
                "type": "array",
                "items": {
                    "required": ["type", "url"],
                    "properties": {
                        "type": {"const": "streamable-http"},
                        "url": {"pattern": r"^https?://[^\s]+$"},
                    },
                },
            },
            "packages": {
                "type": "array",
                "items": {
                    "required": ["registryType", "identifier", "version", "transport"],
                    "properties": {
                        "registryType": {"const": "pypi"},
                        "version": {"not": {"const": "latest"}, "minLength": 1},
                        "transport": {"properties": {"type": {"const": "stdio"}}},
                        "environmentVariables": {
                            "type": "array",
                            "items": {
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string", "pattern": "^[A-Z0-9_]+$"},
                                    "description": {"type": "string"},
                                    "default": {"type": "string"},
                                    "choices": {"type": "array", "items": {"type": "string"}},
                                    "isRequired": {"type": "boolean"},
                                    "isSecret": {"type": "boolean"},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
    "devContainer.base.schema.json": {
        "type": "object",
        "required": ["build"],
        "properties": {
            "name": {"type": "string"},
            "build": {"required": ["dockerfile"], "properties": {"dockerfile": {"type": "string"}}},
            "remoteUser": {"type": "string"},
            "updateRemoteUserUID": {"type": "boolean"},
            "containerEnv": {"type": "object", "additionalProperties": {"type": "string"}},
            "onCreateCommand": {"type": "string"},
            "forwardPorts": {"type": "array", "items": {"type": "integer"}},
            "portsAttributes": {"type": "object"},
            "customizations": {"type": "object"},
        },
        "additionalProperties": False,
    },
}


@cache
def schema(name: str) -> dict[str, Any]:
    """Return a schema: of check-jsonschema's, the published one in `FOLDER`, or ours."""
    if name in OWN:
        path = Path(FOLDER, name)
        found = json.loads(path.read_text(encoding="utf-8")) if FOLDER else OWN[name]
    else:
        vendored = files("check_jsonschema").joinpath("builtin_schemas", "vendor", name)
        found = json.loads(vendored.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def problems(name: str, document: Any) -> list[str]:
    """Return what a schema finds wrong with a document."""
    kind = jsonschema.validators.validator_for(schema(name))
    return [error.message for error in kind(schema(name)).iter_errors(document)]


def kubernetes_problem(document: dict[str, Any], version: str) -> str:
    """Return what the API's schema of one version finds wrong; unknown keys are wrong too."""
    import kubernetes_validate  # type: ignore[import-untyped]

    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error.message)
    return ""

"""What the MCP registry is told is what is published."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from everything_server.settings import Settings

ROOT = Path(__file__).parent.parent


@pytest.fixture
def entry() -> dict[str, Any]:
    """Return what is sent to the registry."""
    loaded: dict[str, Any] = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    return loaded


def test_the_versions_are_equal(entry: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (package,) = entry["packages"]
    assert entry["version"] == package["version"] == project["version"]
    assert package["identifier"] == project["name"]


def test_the_readme_proves_whose_it_is(entry: dict[str, Any]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"mcp-name: {entry['name']} " in readme
    assert re.fullmatch(r"[A-Za-z0-9.-]+/[A-Za-z0-9._-]+", entry["name"])


def test_texts_are_short_enough(entry: dict[str, Any]) -> None:
    assert 0 < len(entry["title"]) <= 100
    assert 0 < len(entry["description"]) <= 100


def test_the_variables_are_settings(entry: dict[str, Any]) -> None:
    prefix = "EVERYTHING_SERVER_"
    names = {f"{prefix}{name.upper()}" for name in Settings.model_fields}
    variables = entry["packages"][0]["environmentVariables"]
    assert {item["name"] for item in variables} <= names

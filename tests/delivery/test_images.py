"""Whatever builds an image is clean by hadolint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.render.project import render

CATALOG = load()
HADOLINT = Path(sys.executable).with_name("hadolint")
FEATURES = (*CATALOG.preset("production"), "devcontainer", "resources")


def lint(text: str) -> str:
    """Return what hadolint finds; even a hint counts."""
    done = subprocess.run(
        [HADOLINT, "--no-color", "-"], input=text, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


def recipes() -> dict[str, str]:
    tree = render(Answers("weather", features=FEATURES), CATALOG).tree
    compose = yaml.safe_load(tree["compose.yaml"].text)
    return {
        "Containerfile": tree["Containerfile"].text,
        "Containerfile alone": render(Answers("a", features=("container",)), CATALOG)
        .tree["Containerfile"]
        .text,
        "development": tree[".devcontainer/Dockerfile"].text,
        "gateway": compose["services"]["gateway"]["build"]["dockerfile_inline"],
    }


@pytest.mark.parametrize("name", recipes())
def test_nothing_is_found(name: str) -> None:
    assert lint(recipes()[name]) == ""


def test_something_would_be_found() -> None:
    assert "DL3006" in lint(recipes()["Containerfile"].replace("python:3.11-slim", "python"))

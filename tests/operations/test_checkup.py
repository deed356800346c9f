"""`doctor` in a project: the states of the lock and of the environment, and what it advises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.operations.checkup import examine_project
from mcpforge.operations.doctor import project_of
from mcpforge.operations.repair import repair
from operations.projects import make

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.operations.checkup import Check

LOCK = ".mcpforge/lock.toml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "demo", Answers(name="demo", features=("health",)))


def checked(root: Path, name: str) -> Check:
    [check] = [check for check in examine_project(root, load()) if check.name == name]
    return check


def test_a_lock_that_is_gone_is_missed_and_made_anew(root: Path) -> None:
    (root / LOCK).unlink()
    assert project_of(root / "src") == root
    check = checked(root, "lock")
    assert (check.level, "--fix" in check.hint) == ("error", True)
    assert repair(root, load())
    assert checked(root, "lock").level == "ok"
    assert checked(root, "drift").level == "ok"


def test_a_lock_of_a_newer_version_is_not_said_to_be_repairable(root: Path) -> None:
    text = (root / LOCK).read_text(encoding="utf-8")
    (root / LOCK).write_text(text.replace("schema = 1", "schema = 99"), encoding="utf-8")
    check = checked(root, "lock")
    assert (check.level, "--fix" in check.hint) == ("error", False)
    assert "uv tool install" in check.hint


def test_a_folder_without_a_project_has_none(tmp_path: Path) -> None:
    (tmp_path / ".mcpforge").mkdir()
    assert project_of(tmp_path) is None


@pytest.mark.parametrize("library", ["lib/python3.12", "Lib"])
@pytest.mark.parametrize(("version", "level"), [("4.1.2", "ok"), ("3.4.7", "error")])
def test_the_installed_fastmcp_is_looked_at(
    root: Path, library: str, version: str, level: str
) -> None:
    name = f".venv/{library}/site-packages/fastmcp-{version}.dist-info"
    (root / name).mkdir(parents=True)
    assert checked(root, "fastmcp").level == level

"""`mcpforge info`: what a project is made of, and what was edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processes import CommandLine, everything

if TYPE_CHECKING:
    from pathlib import Path


def test_a_project_as_it_stands(cli: CommandLine, tmp_path: Path) -> None:
    made = cli("new", "demo", "--preset", "production", "--json").json["data"]
    (tmp_path / "demo" / "README.md").write_text("mine")
    (tmp_path / "demo" / "CHANGELOG.md").unlink()
    before = everything(tmp_path / "demo")
    found = cli("info", "--json", "-C", "demo/src").json["data"]
    assert everything(tmp_path / "demo") == before
    assert found["answers"] == made["answers"]
    assert found["implied"] == made["implied"]
    assert (found["current"], found["interrupted"]) == (True, False)
    states = {path: file["state"] for path, file in found["files"].items()}
    assert states["README.md"] == "edited"
    assert states["CHANGELOG.md"] == "missing"
    assert set(states.values()) == {"pristine", "edited", "missing"}


def test_people_see_what_was_edited(cli: CommandLine, tmp_path: Path) -> None:
    cli("new", "demo")
    (tmp_path / "demo" / "README.md").write_text("mine")
    shown = cli("info", "-C", "demo")
    assert "edited  README.md" in shown.out
    assert shown.err == ""

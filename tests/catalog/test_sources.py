"""Layers are read from a folder, or from the index made of it, with the same result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from catalogs import write_catalog
from mcpforge.catalog.sources import read_folder, templates_folder, write_index
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_index_holds_what_the_folder_holds(tmp_path: Path) -> None:
    write_index(templates_folder(), tmp_path / "index.json")
    loaded = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    assert loaded == json.loads(json.dumps(read_folder(templates_folder())))


def test_the_hash_follows_every_text(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path, {"g": {"f": {}}}, files={"features/g/f/files/a.jinja": "1"})
    before = read_folder(folder)["hash"]
    assert read_folder(folder)["hash"] == before
    (folder / "features/g/f/files/a.jinja").write_text("2", encoding="utf-8")
    assert read_folder(folder)["hash"] != before


def test_an_index_is_made_of_good_manifests_only(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path / "t", {"g": {"f": {"requires": ["missing"]}}})
    with pytest.raises(ForgeError, match=r"`missing` is not one of"):
        write_index(folder, tmp_path / "index.json")
    assert not (tmp_path / "index.json").exists()


def test_broken_toml_names_the_file(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path, {"g": {"f": {}}})
    (folder / "features/g/f/feature.toml").write_text("schema = ", encoding="utf-8")
    with pytest.raises(ForgeError, match=r"g/f/feature\.toml is not TOML"):
        read_folder(folder)


def test_a_group_needs_its_manifest(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path, {"g": {"f": {}}})
    (folder / "features/g/group.toml").unlink()
    with pytest.raises(ForgeError, match=r"g/group\.toml is missing"):
        read_folder(folder)


@pytest.mark.parametrize("groups", [{"a": {"x": {}}, "b": {"x": {}}}, {"a": {"a": {}}}])
def test_an_id_stands_once(tmp_path: Path, groups: dict[str, dict[str, dict[str, object]]]) -> None:
    with pytest.raises(ForgeError, match=r"are called `[xa]`"):
        read_folder(write_catalog(tmp_path, groups))


def test_leftovers_of_tools_are_not_read(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path, {"g": {"f": {}}})
    (folder / "features/__pycache__").mkdir()
    (folder / "features/g/__pycache__").mkdir()
    assert [layer["id"] for layer in read_folder(folder)["layers"]] == ["project", "g", "f"]

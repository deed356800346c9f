"""Small catalogues on disk, for what the real one must never hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.catalog.catalog import Catalog, build
from mcpforge.catalog.sources import read_folder
from mcpforge.render.filters import toml_key, toml_string

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Table = dict[str, object]


def write_catalog(
    folder: Path,
    groups: Mapping[str, Mapping[str, Table]],
    *,
    group_data: Mapping[str, Table] | None = None,
    project: Table | None = None,
    presets: Mapping[str, Table] | None = None,
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a templates folder: group → feature → keys of its manifest; `files` by path."""
    _write(folder / "project" / "layer.toml", {"schema": 1, "title": "Project", **(project or {})})
    (folder / "features").mkdir()
    for group, members in groups.items():
        data = {"schema": 1, "title": group.title(), **(group_data or {}).get(group, {})}
        _write(folder / "features" / group / "group.toml", data)
        for feature, keys in members.items():
            manifest = {"schema": 1, "title": feature.title(), "summary": feature, **keys}
            _write(folder / "features" / group / feature / "feature.toml", manifest)
    _write(
        folder / "presets.toml",
        {"minimal": {"summary": "Nothing", "features": []}, **(presets or {})},
    )
    for path, text in (files or {}).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


def make_catalog(
    folder: Path,
    groups: Mapping[str, Mapping[str, Table]],
    *,
    group_data: Mapping[str, Table] | None = None,
    project: Table | None = None,
    presets: Mapping[str, Table] | None = None,
    files: Mapping[str, str] | None = None,
) -> Catalog:
    """Write a templates folder and return the catalogue that it holds."""
    written = write_catalog(
        folder, groups, group_data=group_data, project=project, presets=presets, files=files
    )
    return build(read_folder(written))


def _write(path: Path, data: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{toml_key(key)} = {inline(value)}" for key, value in data.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def inline(value: object) -> str:
    """Return a value as TOML on one line, tables included."""
    if isinstance(value, dict):
        pairs = (f"{toml_key(key)} = {inline(item)}" for key, item in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(inline, value))}]"
    return toml_string(value)

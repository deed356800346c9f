"""Feature folders of third parties, written for one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = 'schema = 1\ntitle = "Thing"\nsummary = "A thing"\n'


def feature(
    root: Path,
    identifier: str = "acme-thing",
    *,
    group: str = "middleware",
    manifest: str = "",
    files: Mapping[str, str | bytes] | None = None,
) -> Path:
    """Write a feature below the root of an origin; `files` by path in the feature's folder."""
    folder = root / group / identifier
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "feature.toml").write_text(MANIFEST + manifest, encoding="utf-8")
    for path, content in (files or {}).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def package(
    site: Path,
    name: str = "acme-features",
    version: str = "1.0",
    *,
    prefix: str = "acme",
    module: str = "",
) -> Path:
    """Write the metadata of an installed package, and return the folder of its features."""
    module = module or name.replace("-", "_")
    for old in site.glob(f"{name.replace('-', '_')}-*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    metadata = site / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.3\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )
    (metadata / "entry_points.txt").write_text(
        f"[mcpforge.features]\n{prefix} = {module}\n", encoding="utf-8"
    )
    (metadata / "RECORD").write_text(f"{module}/__init__.py,,\n", encoding="utf-8")
    (site / module).mkdir(exist_ok=True)
    (site / module / "__init__.py").write_text(
        "raise SystemExit('it was imported')\n", encoding="utf-8"
    )
    return site / module

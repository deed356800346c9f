"""Where the layers come from: the built-in folder, or the index made of it for the wheel."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from mcpforge.errors import ForgeError

INDEX = "index.json"
_PACKAGE = Path(__file__).resolve().parent.parent
_SKIPPED = frozenset({"__pycache__", ".DS_Store"})
# Parts of names that only Copier understands: our own conditions are folders.
_FOR_COPIER = ("{%", "{{ _copier")


def templates_folder() -> Path:
    """Return the folder of the built-in templates: in the wheel, or of the checkout."""
    for folder in (_PACKAGE / "_templates", _PACKAGE.parent.parent / "templates"):
        if folder.is_dir():
            return folder
    raise ForgeError("The templates of mcpforge are missing", hint="Install mcpforge again.")


def load_raw() -> dict[str, Any]:
    """Return all layers as plain data, from the index if there is one, else from the folder.

    The form: `{"hash": str, "presets": {...}, "licenses": {...}, "layers": [layer, ...],
    "components": [layer, ...]}`, each layer with `what`, `id`, `group`, `manifest`, `files`
    (condition → path → text), `fragments`.
    """
    folder = templates_folder()
    index = folder / INDEX
    if index.is_file():
        loaded: dict[str, Any] = json.loads(index.read_bytes())
        return loaded
    return read_folder(folder)


def read_folder(folder: Path) -> dict[str, Any]:
    """Read and check every manifest, and all files beside them.

    Raises `ForgeError` for a manifest that vocabulary v1 doesn't allow.
    """
    import tomllib

    layers = [_layer(folder / "project", "layer", "project", "")]
    for group in sorted(path for path in (folder / "features").iterdir() if path.is_dir()):
        if group.name in _SKIPPED:
            continue
        layers.append(_layer(group, "group", group.name, group.name))
        layers.extend(
            _layer(feature, "feature", feature.name, group.name)
            for feature in sorted(group.iterdir())
            if (feature / "feature.toml").is_file()
        )
    _check_unique(layers)
    presets = tomllib.loads((folder / "presets.toml").read_text(encoding="utf-8"))
    raw: dict[str, Any] = {
        "presets": presets,
        "licenses": _licenses(folder / "project"),
        "layers": layers,
        "components": _components(folder / "components"),
        "changes": _changes(folder.parent / "CHANGELOG.md"),
    }
    told = {key: value for key, value in raw.items() if key != "changes"}
    return {"hash": _hash(told), **raw}


def _changes(changelog: Path) -> list[tuple[str, str]]:
    """Return version and line of what the CHANGELOG says of templates; `update` shows it."""
    found: list[tuple[str, str]] = []
    version, about = "", False
    for line in changelog.read_text(encoding="utf-8").splitlines() if changelog.is_file() else ():
        if line.startswith("## "):
            version, about = line.removeprefix("## ").strip("[]").split("]")[0].split(" ")[0], False
        elif line.startswith("### "):
            about = line == "### Templates"
        elif about and line.startswith("- ") and version[:1].isdigit():
            found.append((version, line.removeprefix("- ")))
    return found


def _components(folder: Path) -> list[dict[str, Any]]:
    layers = [
        _layer(path.parent, "component", path.parent.name, "")
        for path in sorted(folder.glob("*/component.toml"))
    ]
    return [{**layer, "group": layer["manifest"].get("group", "")} for layer in layers]


def _layer(folder: Path, what: str, identifier: str, group: str) -> dict[str, Any]:
    import tomllib

    from mcpforge.catalog.checks import check_manifest

    path = folder / f"{what}.toml"
    where = path.relative_to(folder.parent.parent).as_posix()
    try:
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ForgeError(f"{where} is missing") from None
    except tomllib.TOMLDecodeError as error:
        raise ForgeError(f"{where} is not TOML: {error}") from None
    check_manifest(manifest, what=what, where=where)
    files = {"": _texts(folder / "files")}
    if (folder / "with").is_dir():
        for condition in sorted((folder / "with").iterdir()):
            files[condition.name] = _texts(condition)
    fragments = {
        path.name.split(".", 1)[0]: path.read_text(encoding="utf-8")
        for path in sorted((folder / "fragments").glob("*.jinja"))
    }
    return {
        "what": what,
        "id": identifier,
        "group": group,
        "manifest": manifest,
        "files": {condition: texts for condition, texts in files.items() if texts},
        "fragments": fragments,
    }


def _check_unique(layers: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for layer in layers:
        if layer["id"] in seen:
            raise ForgeError(
                f"Two groups or features are called `{layer['id']}`",
                hint="Ids are unique, so that a group may be left out.",
                code="manifest",
            )
        seen.add(layer["id"])


def _texts(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not _SKIPPED & set(path.parts)
        and not any(mark in path.as_posix() for mark in _FOR_COPIER)
    }


def read_project(folder: Path) -> dict[str, Any]:
    """Return a fork of the project's own layer as a catalogue with nothing else in it.

    Raises `ForgeError` for a folder that has no `layer.toml`, or a wrong one.
    """
    raw: dict[str, Any] = {
        "presets": {},
        "licenses": _licenses(folder),
        "layers": [_layer(folder, "layer", "project", "")],
        "components": [],
    }
    return {"hash": _hash(raw), **raw}


def _licenses(folder: Path) -> dict[str, str]:
    return {
        path.name.removesuffix(".jinja"): path.read_text(encoding="utf-8")
        for path in sorted((folder / "licenses").glob("*.jinja"))
    }


def _hash(raw: dict[str, Any]) -> str:
    text = json.dumps(raw, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_index(folder: Path, target: Path) -> None:
    """Write the index of a templates folder: what a wheel ships beside the templates.

    Raises `ForgeError` for manifests that are wrong, or name what is not there.
    """
    from mcpforge.catalog.catalog import build
    from mcpforge.catalog.checks import check_catalog

    raw = read_folder(folder)
    check_catalog(build(raw))
    text = json.dumps(raw, separators=(",", ":"))  # ASCII alone is read in two thirds of the time
    target.write_text(text, encoding="utf-8")

"""Which files of a project hold what third parties wrote, and whether they are what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer
    from mcpforge.render.confined import Renderer
    from mcpforge.render.project import Rendered
    from mcpforge.tree import Tree

# Files of editors, which take comments in their JSON.
_COMMENTED = (".vscode/", ".devcontainer/")


def written_by(
    made: Rendered, catalog: Catalog, renderer: Renderer, again: Callable[[Catalog], Tree]
) -> Mapping[str, str]:
    """Return, by path, the labels of the third parties that wrote any of a file.

    A file is theirs, all or in part, if it is another one once their features are empty; `again`
    renders a project with such a catalogue. Raises `ForgeError` for files that can't stand together
    in one folder, and for those that are no Python, TOML, YAML or JSON though they are called so.
    """
    origins: dict[str, list[str]] = {}
    for layer in {feature.origin: feature for feature in made.third_parties}.values():
        assert layer.origin
        plain = again(_emptied(catalog, layer.origin.prefix))
        for path, file in made.tree.items():
            if path not in plain or plain[path].id != file.id:
                origins.setdefault(path, []).append(layer.origin.label)
                if not path.startswith(_COMMENTED):
                    renderer.check(layer, path, file.text)
    _check_places(made.tree, origins)
    return {path: ", ".join(labels) for path, labels in origins.items()}


def _emptied(catalog: Catalog, prefix: str) -> Catalog:
    def emptied(layer: Layer) -> Layer:
        if not (layer.origin and layer.origin.prefix == prefix):
            return layer
        return replace(
            layer, entries={}, lists={}, pyproject={}, files={}, fragments={}, shared_url=""
        )

    return replace(
        catalog,
        groups={key: emptied(layer) for key, layer in catalog.groups.items()},
        features={key: emptied(layer) for key, layer in catalog.features.items()},
    )


def _check_places(tree: Tree, origins: Mapping[str, object]) -> None:
    """Refuse a file that another one hides on some system, or that stands where a folder is."""
    folders = {
        path[:number].lower() for path in tree for number, char in enumerate(path) if char == "/"
    }
    known: dict[str, str] = {}
    for path in sorted(tree, key=lambda path: path in origins):
        folded = path.lower()
        if folded in known or folded in folders:
            other = known.get(folded, "a folder")
            raise ForgeError(f"`{path}` can't stand beside `{other}`", code="slot_taken")
        known[folded] = path

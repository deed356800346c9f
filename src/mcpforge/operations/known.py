"""Old answers in the names of the installed templates, and what those no longer have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.answers import Answers, Component
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.project.lock import Lock
    from mcpforge.tree import Tree


def known_answers(answers: Answers, catalog: Catalog) -> tuple[Answers, tuple[str, ...]]:
    """Return the answers in the names of this catalogue, and the features it no longer has.

    Components of a kind that it no longer has are left out too: see `keep_strays`.
    """
    renamed = {old: layer.id for layer in catalog.features.values() for old in layer.formerly}
    features: list[str] = []
    gone: list[str] = []
    for identifier in answers.features:
        current = renamed.get(identifier, identifier)
        (features if current in catalog.features else gone).append(current)
    options = {
        renamed.get(feature, feature): {
            name: value
            for name, value in values.items()
            if name in catalog.features[renamed.get(feature, feature)].options
        }
        for feature, values in answers.options.items()
        if renamed.get(feature, feature) in catalog.features
    }
    found = (_known_component(component, catalog) for component in answers.components)
    components = tuple(component for component in found if component is not None)
    known = replace(
        answers, features=tuple(sorted(features)), options=options, components=components
    )
    return known, tuple(gone)


def _known_component(component: Component, catalog: Catalog) -> Component | None:
    renamed = {old: layer.id for layer in catalog.components.values() for old in layer.formerly}
    kind = renamed.get(component.kind, component.kind)
    if kind not in catalog.components:
        return None
    known = catalog.components[kind].options
    options = {name: value for name, value in component.options.items() if name in known}
    return replace(component, kind=kind, options=options)


def keep_strays(
    lock: Lock, answers: Answers, tree: Tree, catalog: Catalog
) -> tuple[Lock, tuple[str, ...]]:
    """Return the lock with the files of components of unknown kinds as orphans, and what to say.

    Such a component is the user's own code, whatever the templates make of its kind: its module and
    its test stay. `tree` is the new one, `answers` are as the project has them.
    """
    strays = [item for item in answers.components if _known_component(item, catalog) is None]
    if not strays:
        return lock, ()
    names = [item.name for item in strays]
    files = {
        path: replace(file, orphan=True)
        if file.ownership == "seed" and path not in tree and _is_of(path, names)
        else file
        for path, file in lock.files.items()
    }
    notes = tuple(
        f"The templates have no {item.kind} of one's own any more: the files of `{item.name}` stay "
        "as they are, and nothing wires them"
        for item in strays
    )
    return replace(lock, files=files), notes


def _is_of(path: str, names: Sequence[str]) -> bool:
    """Whether a file is the module or the test of a component with one of these names."""
    stem = PurePosixPath(path).stem
    return any(
        stem == name or (stem.startswith("test_") and stem.endswith(f"_{name}")) for name in names
    )

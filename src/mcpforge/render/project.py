"""Answers × catalogue → tree: the pure function that every verb is built on."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from mcpforge import pysource
from mcpforge.catalog.manifest import FRAGMENTS
from mcpforge.catalog.resolve import Selection, option_values, resolve
from mcpforge.errors import ForgeError
from mcpforge.render import components
from mcpforge.render.contributions import Slots, collect
from mcpforge.render.environment import render_text
from mcpforge.render.filters import toml_key, toml_string
from mcpforge.tree import File, Ownership

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mcpforge.answers import Answers
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer
    from mcpforge.render.components import Past
    from mcpforge.tree import Tree

_SUFFIX = ".jinja"
_PACKAGE_IN_PATH = "{{ package }}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered project: its files, and what was decided on the way."""

    tree: Tree
    selection: Selection
    slots: Slots


def render(answers: Answers, catalog: Catalog, *, past: Past | None = None) -> Rendered:
    """Return the project that these answers stand for.

    With `past`, the files of components that are in both answers are not rendered until somebody
    looks at them; the tree is the same. Raises `UsageError` for choices that don't go together,
    `ForgeError` for broken templates.
    """
    selection = resolve(catalog, answers.features)
    parts = components.chosen(answers, catalog)
    groups = components.groups(parts, catalog, selection)
    layers = [catalog.project, *groups, *selection.features]
    shared = _shared_context(answers)

    def context_of(layer: Layer) -> dict[str, Any]:
        return {**shared, "options": option_values(layer, answers.options.get(layer.id, {}))}

    slots = collect(layers, context_of, selection.holds, answers.env_prefix)
    components.contribute(slots, parts)
    shared |= {
        "slots": slots,
        "settings": slots.settings,
        "dependencies": slots.dependencies,
        "dev_dependencies": slots.dev_dependencies,
        "pyproject_tables": [
            _table(name, table) for name, table in sorted(slots.pyproject.items())
        ],
        "features": [{"id": f.id, "title": f.title, "group": f.group} for f in selection.features],
        "imports": _imports_function(slots),
    }
    shared["fragments"] = _fragments(layers, context_of)

    tree: Tree = {}
    patterns = [pattern for layer in layers for pattern in layer.seed]
    seeds = Seeds(patterns, answers.package)
    for layer in layers:
        context = context_of(layer)
        for condition, files in layer.files.items():
            if _applies(condition, slots, selection):
                for template, text in files.items():
                    path = template.replace(_PACKAGE_IN_PATH, answers.package)
                    _put(tree, path.removesuffix(_SUFFIX), text, context, seeds, layer.id)
    if answers.license in catalog.licenses:
        _put(tree, "LICENSE", catalog.licenses[answers.license], shared, seeds, "project")
    components.place(tree, parts, answers.package, past)
    return Rendered(dict(sorted(tree.items())), selection, slots)


def _applies(condition: str, slots: Slots, selection: Selection) -> bool:
    if condition.startswith("slot."):
        return bool(getattr(slots, condition.removeprefix("slot.")))
    return not condition or selection.holds(condition)


class Seeds:
    """The paths that are seed: most patterns are one path once the package is known."""

    def __init__(self, patterns: Iterable[str], package: str) -> None:
        """Split the patterns into paths and what is left to be matched."""
        known = [pattern.replace("src/*/", f"src/{package}/") for pattern in patterns]
        self.paths = frozenset(pattern for pattern in known if "*" not in pattern)
        self.patterns = tuple(pattern for pattern in known if "*" in pattern)

    def match(self, path: str) -> bool:
        """Say whether a path is seed."""
        return path in self.paths or any(fnmatchcase(path, one) for one in self.patterns)


def _put(
    tree: Tree,
    path: str,
    template: str,
    context: Mapping[str, Any],
    seeds: Seeds,
    layer: str,
) -> None:
    if path in tree:
        raise ForgeError(f"Two features bring the file `{path}`", code="slot_taken")
    text = render_text(template, context, f"{layer}/{path}").strip("\n")
    content = f"{text}\n".encode() if text else b""
    ownership: Ownership = "seed" if seeds.match(path) else "managed"
    tree[path] = File(content, ownership)


def _shared_context(answers: Answers) -> dict[str, Any]:
    return {
        "project": {
            "name": answers.name,
            "title": answers.title,
            "description": answers.description,
            "author": answers.author,
            "license": answers.license,
            "python": answers.python,
            "year": answers.year,
        },
        "package": answers.package,
        "env_prefix": answers.env_prefix,
    }


def _fragments(layers: Iterable[Layer], context_of: Any) -> dict[str, Any]:
    found: dict[str, Any] = {slot: [] for slot in FRAGMENTS}
    for layer in layers:
        for slot, text in layer.fragments.items():
            if slot not in found:
                raise ForgeError(f"`{layer.id}` has a fragment for `{slot}`, which is no slot")
            found[slot].append(
                render_text(text, context_of(layer), f"{layer.id}/{slot}").strip("\n")
            )
    if len(found["conftest_token"]) > 1:
        raise ForgeError("Two features bring a `conftest_token`", code="slot_taken")
    found["conftest_token"] = "".join(found["conftest_token"])
    return found


def _imports_function(slots: Slots) -> Any:
    def imports(
        *base: str,
        slot: str = "",
        more: Iterable[str] = (),
        within: str = "",
        package: str = "",
    ) -> str:
        """Return the import block of a file: its own imports and those its slots need.

        `within` is the sub-package of the file; `package` makes relative imports absolute.
        """
        specs = [*base, *(spec for spec in more if spec)]
        for name in slot.split():
            needed = slots.imports.get(name.replace("_", "-"), [])
            specs.extend(_placed(spec, within, package) for spec in needed)
        return pysource.import_block(specs, first_party=package)

    return imports


def _placed(spec: str, within: str, package: str) -> str:
    if not spec.startswith("."):
        return spec
    if package:
        return f"{package}{spec}" if spec[1:2] != ":" else f"{package}{spec[1:]}"
    if not within:
        return spec
    inside = f".{within}."
    return f".{spec.removeprefix(inside)}" if spec.startswith(inside) else f".{spec}"


def _table(name: str, table: Mapping[str, Any]) -> str:
    lines = [f"[{name}]"]
    nested = []
    for key, value in table.items():
        if isinstance(value, dict):
            nested.append(_table(f"{name}.{toml_key(key)}", value))
        else:
            lines.append(f"{toml_key(key)} = {toml_string(value)}")
    return "\n\n".join(["\n".join(lines), *nested])

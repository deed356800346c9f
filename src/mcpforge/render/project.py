"""Answers × catalogue → tree: the pure function that every verb is built on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

from mcpforge import pysource
from mcpforge.catalog.manifest import FRAGMENTS
from mcpforge.catalog.resolve import Selection, option_values, resolve
from mcpforge.errors import ForgeError
from mcpforge.render import components
from mcpforge.render.confined import Renderer
from mcpforge.render.contributions import Slots, collect
from mcpforge.render.environment import render_text
from mcpforge.render.filters import toml_key, toml_string
from mcpforge.tree import File, Ownership

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mcpforge.answers import Answers
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer
    from mcpforge.render.components import Part, Past
    from mcpforge.tree import Tree

_SUFFIX = ".jinja"
_PACKAGE_IN_PATH = "{{ package }}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered project: its files, and what was decided on the way.

    `origins` names, by path, the third parties that wrote any of a file.
    """

    tree: Tree
    selection: Selection
    slots: Slots
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def third_parties(self) -> list[Layer]:
        """The chosen features that third parties wrote."""
        return [feature for feature in self.selection.features if feature.origin]


def render(answers: Answers, catalog: Catalog, *, past: Past | None = None) -> Rendered:
    """Return the project that these answers stand for.

    With `past`, the files of components that are in both answers are not rendered until somebody
    looks at them; the tree is the same. Raises `UsageError` for choices that don't go together,
    `ForgeError` for broken templates.
    """
    with Renderer() as renderer:
        made = _render(answers, catalog, renderer, past)
        if not made.third_parties:
            return made
        from mcpforge.render.origins import written_by

        def again(other: Catalog) -> Tree:
            return _render(answers, other, renderer, past).tree

        return replace(made, origins=written_by(made, catalog, renderer, again))


def shared_context(answers: Answers, catalog: Catalog) -> dict[str, Any]:
    """Return what the templates of a project see that has no features: all but `options`."""
    selection = resolve(catalog, ())
    with Renderer() as renderer:
        return _contexts(answers, [catalog.project], selection, (), renderer)[0]


def _render(answers: Answers, catalog: Catalog, renderer: Renderer, past: Past | None) -> Rendered:
    selection = resolve(catalog, answers.features)
    parts = components.chosen(answers, catalog)
    groups = components.groups(parts, catalog, selection)
    layers = [catalog.project, *groups, *selection.features]
    shared, context_of = _contexts(answers, layers, selection, parts, renderer)
    slots: Slots = shared["slots"]
    tree = _tree(layers, context_of, answers.package, renderer, partial(_applies, slots, selection))
    if answers.license in catalog.licenses:
        if "LICENSE" in tree:
            raise ForgeError("A feature brings a `LICENSE`, choose `none`", code="slot_taken")
        tree["LICENSE"] = _file(render_text(catalog.licenses[answers.license], shared, "LICENSE"))
    components.place(tree, parts, answers.package, past)
    return Rendered(dict(sorted(tree.items())), selection, slots)


def _contexts(
    answers: Answers,
    layers: Sequence[Layer],
    selection: Selection,
    parts: Sequence[Part],
    renderer: Renderer,
) -> tuple[dict[str, Any], Callable[[Layer], dict[str, Any]]]:
    """Return what all layers see, and what gives each of them its options beside that."""
    shared = _answers_context(answers)

    def context_of(layer: Layer) -> dict[str, Any]:
        return {**shared, "options": option_values(layer, answers.options.get(layer.id, {}))}

    slots = collect(layers, context_of, selection.holds, answers.env_prefix, renderer.of)
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
        "imports": imports_function(slots),
    }
    shared["fragments"] = _fragments(layers, context_of, renderer)
    return shared, context_of


def _tree(
    layers: Sequence[Layer],
    context_of: Any,
    package: str,
    renderer: Renderer,
    applies: Callable[[str], bool],
) -> Tree:
    tree: Tree = {}
    owners: dict[str, str] = {}
    ours = Seeds([pattern for one in layers if not one.origin for pattern in one.seed], package)
    for layer in layers:
        context, text_of = context_of(layer), renderer.of(layer)
        seeds = Seeds(layer.seed, package) if layer.origin else ours
        for condition, files in layer.files.items():
            for template, text in files.items() if applies(condition) else ():
                path = template.replace(_PACKAGE_IN_PATH, package).removesuffix(_SUFFIX)
                if path in owners:
                    raise ForgeError(
                        f"`{owners[path]}` and `{layer.id}` both bring the file `{path}`",
                        code="slot_taken",
                    )
                owners[path] = layer.id
                content = text_of(text, context, f"{layer.id}/{path}")
                tree[path] = _file(content, "seed" if seeds.match(path) else "managed")
    return tree


def _applies(slots: Slots, selection: Selection, condition: str) -> bool:
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


def _file(text: str, ownership: Ownership = "managed") -> File:
    text = text.strip("\n")
    return File(f"{text}\n".encode() if text else b"", ownership)


def _answers_context(answers: Answers) -> dict[str, Any]:
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


def _fragments(layers: Iterable[Layer], context_of: Any, renderer: Renderer) -> dict[str, Any]:
    found: dict[str, Any] = {slot: [] for slot in FRAGMENTS}
    for layer in layers:
        for slot, text in layer.fragments.items():
            if slot not in found:
                raise ForgeError(f"`{layer.id}` has a fragment for `{slot}`, which is no slot")
            found[slot].append(
                renderer.of(layer)(text, context_of(layer), f"{layer.id}/{slot}").strip("\n")
            )
    if len(found["conftest_token"]) > 1:
        raise ForgeError("Two features bring a `conftest_token`", code="slot_taken")
    found["conftest_token"] = "".join(found["conftest_token"])
    return found


def imports_function(slots: Slots) -> Any:
    """Return what templates call for the import block of a file with slots."""

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

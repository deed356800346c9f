"""Components of the user's own: entries in the slots, modules and tests in the tree; pure.

A component's files depend on the project's package and on nothing else of the answers, so files of
components that stay as they are need not be rendered again: see `Past`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mcpforge import pysource
from mcpforge.catalog.manifest import PHASES
from mcpforge.catalog.resolve import option_values
from mcpforge.errors import ForgeError, UsageError
from mcpforge.render.contributions import items_of, make_item, rendered
from mcpforge.render.environment import render_text
from mcpforge.tree import File, LazyFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mcpforge.answers import Answers, Component
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer
    from mcpforge.catalog.resolve import Selection
    from mcpforge.render.contributions import Slots
    from mcpforge.tree import Tree
    from mcpforge.uris import Uri

_SUFFIX = ".jinja"
_SERVER = ("server", "lifespan", "middleware")
# The slots whose imports stand in one file with those of a component.
_FILES = {"middleware": _SERVER, "server": _SERVER}
_RESOURCE = re.compile(r"""@resource\(\s*["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the project as it was: its answers, and path → blob id of its files.

    Only for files that the templates of the same catalogue made.
    """

    answers: Answers
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A component with its kind, and what its templates are given."""

    component: Component
    kind: Layer
    context: Mapping[str, Any]

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.kind.id} `{self.component.name}`"

    def files(self) -> Iterable[tuple[str, str]]:
        """Return path and template of each file."""
        package, name = self.context["package"], self.component.name
        for template, text in self.kind.files[""].items():
            path = template.replace("{{ package }}", package).replace("{{ name }}", name)
            yield path.removesuffix(_SUFFIX), text


def chosen(answers: Answers, catalog: Catalog) -> list[Part]:
    """Return the components of a project, by kind and name.

    Raises `UsageError` for an unknown kind, for two with the same name, and for a bad URI.
    """
    shared = {
        "package": answers.package,
        "env_prefix": answers.env_prefix,
        "imports": _imports(answers),
    }
    parts: list[Part] = []
    for component in sorted(answers.components, key=_key):
        kind = catalog.component(component.kind)
        if parts and _key(parts[-1].component) == _key(component):
            raise UsageError(f"There are two of the {parts[-1].label}", code="name_taken")
        context = {
            **shared,
            "name": component.name,
            "class_name": class_name(component.name),
            "options": option_values(kind, component.options),
        }
        if "uri" in kind.options:
            context |= _uri_context(context["options"]["uri"], answers.package, component.name)
        parts.append(Part(component, kind, context))
    return parts


def _key(component: Component) -> tuple[str, str]:
    return component.kind, component.name


def class_name(name: str) -> str:
    """Return the class of a middleware: `RequestStampMiddleware` for `request_stamp`."""
    words = name.removesuffix("_middleware").split("_")
    return "".join(word.capitalize() for word in words) + "Middleware"


def _uri_context(given: str, package: str, name: str) -> dict[str, Any]:
    from mcpforge.uris import default_uri, parse_uri

    uri = parse_uri(given or default_uri(package, name))
    return {
        "uri": uri.text,
        "parameters": uri.parameters,
        "sample": uri.sample,
        "parsed": uri,
    }


def _imports(answers: Answers) -> Any:
    def imports(*specs: str) -> str:
        """Return the import block of a component's file."""
        return pysource.import_block(specs, first_party=answers.package)

    return imports


def groups(parts: Sequence[Part], catalog: Catalog, selection: Selection) -> list[Layer]:
    """Return the groups whose shared files are needed, those that only components need last."""
    names = dict.fromkeys(feature.group for feature in selection.features)
    needed = {part.kind.group for part in parts}
    names |= dict.fromkeys(group for group in catalog.groups if group in needed)
    return [catalog.groups[name] for name in names]


def contribute(slots: Slots, parts: Sequence[Part]) -> None:
    """Add the components' entries behind those of the features.

    Raises `UsageError` when a name is already used in the file where the entry stands.
    """
    used: dict[tuple[str, ...], dict[str, str]] = {}
    for part in parts:
        for slot, entries in part.kind.entries.items():
            entry = rendered(entries[0], part.context, part.kind.id)
            item = make_item(slot, entry)
            beside = _FILES.get(slot, (slot,))
            if beside not in used:
                used[beside] = _names(slots, beside)
            names = used[beside]
            if item.function in names:
                raise _taken(
                    f"The {part.label} would bring `{item.function}`, "
                    f"which the project already has from `{names[item.function]}`"
                )
            names[item.function] = item.spec.partition(":")[0]
            slots.imports.setdefault(slot, []).append(item.spec)
            items_of(slots, slot, entry).append(item)
    slots.middleware.sort(key=lambda item: PHASES.index(item.phase))


def _names(slots: Slots, beside: Iterable[str]) -> dict[str, str]:
    specs = [spec for slot in beside for spec in slots.imports.get(slot, ())]
    pairs = (spec.partition(":")[::2] for spec in specs)
    return {name or module: module for module, name in pairs}


def _taken(message: str) -> UsageError:
    return UsageError(message, hint="Give it another name.", code="name_taken")


def place(tree: Tree, parts: Sequence[Part], package: str, past: Past | None = None) -> None:
    """Add the components' files to the tree.

    Raises `UsageError` when a feature brings a file of the same name or serves the same URI.
    """
    same = _unchanged(parts, package, past) if past else {}
    _check_uris(tree, parts, package, same)
    for part in parts:
        for path, text in part.files():
            if path in tree:
                raise _taken(
                    f"The {part.label} can't be called so: the project already has `{path}`"
                )
            make = partial(_content, text, part.context, f"{part.kind.id}/{path}")
            known = same.get(path)
            tree[path] = LazyFile(known, make, "seed") if known else File(make(), "seed")


def _check_uris(tree: Tree, parts: Sequence[Part], package: str, same: Mapping[str, str]) -> None:
    """Refuse a URI that is served already, and one whose requests an earlier template takes."""
    asked = [part for part in parts if "parsed" in part.context]
    if not asked:
        return
    known = [(uri, path, True) for path, uri in _served(tree, package)]
    known += [
        (part.context["parsed"], part.label, all(path in same for path, _ in part.files()))
        for part in asked
    ]
    shapes: dict[str, str] = {}
    templates: list[tuple[re.Pattern[str], str, bool]] = []
    for uri, owner, settled in known:
        other = shapes.get(uri.shape, "")
        if uri.pattern and not other:
            other = _catcher(uri.sample, templates, settled=settled)
        if other and owner != other:
            raise UsageError(
                f"The {owner} has the URI `{uri.text}`, whose requests `{other}` gets",
                hint="Give it another URI.",
                code="uri_taken",
            )
        shapes[uri.shape] = owner
        if uri.pattern:
            templates.append((re.compile(uri.pattern), owner, settled))


def _catcher(
    sample: str, templates: Sequence[tuple[re.Pattern[str], str, bool]], *, settled: bool
) -> str:
    for pattern, owner, before in templates:
        if not (settled and before) and pattern.fullmatch(sample):
            return owner
    return ""


def _served(tree: Tree, package: str) -> list[tuple[str, Uri]]:
    """Return path and URI of what features serve."""
    from mcpforge.uris import parse_uri

    folder = f"src/{package}/resources/"
    found = []
    for path in tree:
        for text in _RESOURCE.findall(tree[path].text) if path.startswith(folder) else ():
            with suppress(ForgeError):
                found.append((path, parse_uri(text)))
    return found


def _content(text: str, context: Mapping[str, Any], where: str) -> bytes:
    return (render_text(text, context, where).strip("\n") + "\n").encode()


def _unchanged(parts: Sequence[Part], package: str, past: Past) -> dict[str, str]:
    """Return path → id of the files that are what they were."""
    if past.answers.package != package:
        return {}
    before = {_key(component): component.options for component in past.answers.components}
    return {
        path: past.ids[path]
        for part in parts
        if before.get(_key(part.component)) == part.component.options
        for path, _ in part.files()
        if path in past.ids
    }

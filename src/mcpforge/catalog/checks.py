"""What a manifest, and a catalogue as a whole, must fulfil; run when they are read or built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcpforge.catalog.manifest import (
    ASGI_PHASES,
    COMPONENT_SLOTS,
    ENTRIES,
    FRAGMENTS,
    GENERATORS,
    KEYS,
    LISTS,
    OPTION_TYPES,
    PHASE_OPTION,
    PHASES,
    SCHEMA,
)
from mcpforge.errors import ForgeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer

_OPTION_KEYS = ("type", "default", "help", "min", "max", "choices", "pattern", "form")
# The form of a key's value wherever the key stands; what is not named here may be anything.
_FORMS = {
    "text": (
        *("title", "summary", "description", "kind", "shared-url", "takes", "type", "help"),
        *("name", "import", "phase", "keyword", "local", "generate", "test", "example", "group"),
    ),
    "a list of texts": (
        *LISTS,
        *(
            "seed",
            "requires",
            "excludes",
            "after",
            "choices",
            "imports",
            "arguments",
            "when",
            "unless",
        ),
        *("formerly", "wiring", "reserved"),
    ),
    "a table": ("options", "pyproject", "requires-group", "constraints", "keywords", "modules"),
    "true or false": ("secret", "required", "statement", "internal"),
    "a number": ("order", "min", "max"),
    "a list of tables": tuple(ENTRIES),
}
_FORM_OF = {key: form for form, keys in _FORMS.items() for key in keys}


def check_manifest(raw: Mapping[str, Any], *, what: str, where: str) -> None:
    """Refuse what vocabulary v1 doesn't know.

    Raises `ForgeError` that names the file, the key and the nearest key that exists.
    """
    if raw.get("schema") != SCHEMA:
        raise _bad(f"{where}: `schema` must be {SCHEMA}", hint="Update mcpforge?")
    _check_keys(raw, KEYS[what], where)
    _need(raw, ("title", "summary") if what in ("feature", "component") else ("title",), where)
    for name, spec in raw.get("options", {}).items():
        _check_option(name, spec, f"{where}: options.{name}")
    for slot, allowed in ENTRIES.items():
        for number, entry in enumerate(raw.get(slot, ()), 1):
            _check_entry(slot, entry, allowed, f"{where}: {slot} {number}")
    if what == "group":
        _one_of(raw.get("takes", "many"), ("one", "many"), where)
    if what == "component" and sum(len(raw.get(slot, ())) for slot in COMPONENT_SLOTS) != 1:
        raise _bad(f"{where}: a component has exactly one entry")


def check_catalog(catalog: Catalog) -> None:
    """Refuse manifests that name what is not there; raises `ForgeError`."""
    for layer in (catalog.project, *catalog.groups.values(), *catalog.features.values()):
        check_names(catalog, layer)
    for name, preset in catalog.presets.items():
        _check_preset(catalog, name, preset)
    for kind in catalog.components.values():
        _check_component(catalog, kind)


def check_names(catalog: Catalog, layer: Layer) -> None:
    """Refuse a layer that names a feature, group or slot which is not there."""
    _check_needs(catalog, layer)
    _check_conditions(catalog, layer)


def _check_needs(catalog: Catalog, layer: Layer) -> None:
    for identifier in (*layer.requires, *layer.excludes, *layer.after):
        _one_of(identifier, catalog.features, layer.id)
    for group, default in layer.requires_group.items():
        _one_of(group, catalog.groups, layer.id)
        _one_of(default, [member.id for member in catalog.members(group)], layer.id)
    if layer.default:
        _one_of(layer.default, [member.id for member in catalog.members(layer.id)], layer.id)


def _check_conditions(catalog: Catalog, layer: Layer) -> None:
    known = (*catalog.features, *catalog.groups)
    for slot in layer.fragments:
        _one_of(slot, FRAGMENTS, f"{layer.id}: fragments")
    for condition in layer.files:
        if condition and not condition.startswith("slot."):
            _one_of(condition, known, f"{layer.id}: with")
    for entry in (entry for entries in layer.entries.values() for entry in entries):
        for condition in (*entry.get("when", ()), *entry.get("unless", ())):
            _one_of(condition, known, layer.id)


def _check_component(catalog: Catalog, kind: Layer) -> None:
    if kind.group:
        _one_of(kind.group, catalog.groups, kind.id)
    if set(kind.files) != {""}:
        raise _bad(f"{kind.id}: a component has files, all of them in `files/`")


def _check_preset(catalog: Catalog, name: str, preset: Mapping[str, Any]) -> None:
    spot = f"preset {name}"
    _check_keys(preset, ("summary", "features", "extends"), spot)
    _need(preset, ("summary",), spot)
    for identifier in preset.get("features", ()):
        _one_of(identifier, catalog.features, spot)
    seen = [name]
    while "extends" in catalog.presets[seen[-1]]:
        parent = catalog.presets[seen[-1]]["extends"]
        _one_of(parent, catalog.presets, spot)
        if parent in seen:
            raise _bad(f"{spot}: it extends itself")
        seen.append(parent)


def _check_option(name: str, spec: Any, spot: str) -> None:
    if not name.isidentifier():
        raise _bad(f"{spot}: an option's name has letters, digits and `_`")
    if not isinstance(spec, dict):
        raise _bad(f"{spot} must be a table")
    _check_keys(spec, _OPTION_KEYS, spot)
    _need(spec, ("type", "default", "help"), spot)
    _one_of(spec["type"], OPTION_TYPES, spot)
    if (spec["type"] == "choice") != bool(spec.get("choices")):
        raise _bad(f"{spot}: `choices` belongs to the type `choice`")
    if not _is_default(spec):
        raise _bad(f"{spot}: `default` doesn't fit the type `{spec['type']}`")


def _is_default(spec: Mapping[str, Any]) -> bool:
    value = spec["default"]
    match spec["type"]:
        case "bool":
            return isinstance(value, bool)
        case "list":
            return _has_form(value, "a list of texts")
        case "choice":
            return value in spec["choices"]
        case "str":
            return isinstance(value, str)
        case kind:
            number = int if kind == "int" else (int, float)
            fits = isinstance(value, number) and not isinstance(value, bool)
            return fits and spec.get("min", value) <= value <= spec.get("max", value)


def _check_entry(slot: str, entry: Mapping[str, Any], allowed: Iterable[str], spot: str) -> None:
    _check_keys(entry, allowed, spot)
    if slot == "settings":
        _need(entry, ("name", "type", "help"), spot)
        if entry.get("required") and "test" not in entry:
            raise _bad(f"{spot}: a required setting needs a `test` value")
        if "generate" in entry:
            _one_of(entry["generate"], GENERATORS, spot)
        return
    _need(entry, ("import",), spot)
    if ":" not in entry["import"] and slot != "conftest":
        raise _bad(f"{spot}: `import` must be `module:name`")
    if slot == "middleware":
        _one_of(entry.get("phase"), (*PHASES, PHASE_OPTION), spot)
    elif slot == "asgi":
        _one_of(entry.get("phase"), ASGI_PHASES, spot)
    elif slot == "server" and sum(key in entry for key in ("keyword", "statement", "local")) != 1:
        raise _bad(f"{spot}: exactly one of `keyword`, `statement` and `local` is needed")


def _check_keys(raw: Mapping[str, Any], allowed: Iterable[str], spot: str) -> None:
    known = tuple(allowed)
    for key, value in raw.items():
        if key not in known:
            near = did_you_mean(key, known)
            raise _bad(f"{spot}: unknown key `{key}`", hint=near or f"Known: {', '.join(known)}.")
        # A setting's default is a value of its own type, a group's names a member.
        form = _FORM_OF.get(key)
        if form and not _has_form(value, form):
            raise _bad(f"{spot}: `{key}` must be {form}")


def _has_form(value: Any, form: str) -> bool:
    match form:
        case "text":
            return isinstance(value, str)
        case "a list of texts":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "a list of tables":
            return isinstance(value, list) and all(isinstance(item, dict) for item in value)
        case "a table":
            return isinstance(value, dict)
        case "true or false":
            return isinstance(value, bool)
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool)


def _need(raw: Mapping[str, Any], keys: Iterable[str], spot: str) -> None:
    for key in keys:
        if key not in raw or (raw[key] == "" and key != "default"):
            raise _bad(f"{spot}: `{key}` is missing")


def _one_of(value: Any, allowed: Iterable[str], spot: str) -> None:
    known = tuple(allowed)
    if value not in known:
        raise _bad(
            f"{spot}: `{value}` is not one of {', '.join(known)}",
            hint=did_you_mean(str(value), known),
        )


def _bad(message: str, *, hint: str = "") -> ForgeError:
    return ForgeError(message, hint=hint, code="manifest")

"""From what was asked for (a kind, a name, options) to a component of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcpforge.answers import Component, check_component_name
from mcpforge.catalog.options import parse_value
from mcpforge.errors import UsageError, did_you_mean
from mcpforge.uris import default_uri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mcpforge.answers import Answers, OptionValue
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer, Option

SKELETON = ("middleware", "custom_middleware")
_KEYS = ("kind", "name", "options")


def make_component(
    kind: str,
    name: str,
    options: Mapping[str, object],
    catalog: Catalog,
    answers: Answers,
) -> Component:
    """Return the component that a project with these answers would get.

    Options may be text (flags) or data (an answers file); those that equal the default are left
    out, so that two ways to the same component give the same answers. One that the project already
    has is no error here. Raises `UsageError` for an unknown kind or option, and for a name or value
    that is not allowed; what else has the name is found when the project is rendered.
    """
    layer = catalog.component(kind)
    checked = check_component_name(name, layer.id, layer.reserved)
    chosen: dict[str, OptionValue] = {}
    for key, value in options.items():
        option = _option(layer, key)
        parsed = parse_value(layer, option, value)
        if parsed not in (option.default, _default(option, answers.package, checked)):
            chosen[option.name] = parsed
    if chosen.get("uri"):
        parse_uri(str(chosen["uri"]))
    return Component(layer.id, checked, dict(sorted(chosen.items())))


def skeleton(options: Mapping[str, object], catalog: Catalog, answers: Answers) -> Component:
    """Return what a bare `add middleware` makes."""
    kind, name = SKELETON
    return make_component(kind, name, options, catalog, answers)


def read_components(
    data: Iterable[object], catalog: Catalog, answers: Answers
) -> tuple[Component, ...]:
    """Return the components of an answers file, by kind and name.

    Raises `UsageError` for whatever is not right, and for two with the same name.
    """
    found: dict[tuple[str, str], Component] = {}
    for number, item in enumerate(data, 1):
        raw = _checked(item, number)
        options = raw.get("options", {})
        made = make_component(raw["kind"], raw["name"], options, catalog, answers)
        if (made.kind, made.name) in found:
            raise UsageError(
                f"The answers hold the {made.kind} `{made.name}` twice", code="bad_answers"
            )
        found[made.kind, made.name] = made
    return tuple(component for _, component in sorted(found.items()))


def _checked(item: object, number: int) -> Mapping[str, Any]:
    where = f"In the answers, component {number}"
    if not isinstance(item, dict):
        raise _bad(f"{where} must be a table")
    for key in item:
        if key not in _KEYS:
            raise _bad(f"{where} has an unknown key `{key}`", did_you_mean(str(key), _KEYS))
    for key in ("kind", "name"):
        if not isinstance(item.get(key), str):
            raise _bad(f"{where} needs a `{key}`, which is text")
    if not isinstance(item.get("options", {}), dict):
        raise _bad(f"{where}: `options` must be a table")
    return item


def _bad(message: str, near: str = "") -> UsageError:
    return UsageError(message, hint=f"{near}See `mcpforge features --schema`.", code="bad_answers")


def _option(kind: Layer, name: str) -> Option:
    try:
        return kind.options[name.replace("-", "_")]
    except KeyError:
        known = ", ".join(f"`{option}`" for option in kind.options)
        raise UsageError(
            f"A {kind.id} has no option `{name}`",
            hint=did_you_mean(name, kind.options) + (f"It has: {known}." if known else ""),
            code="unknown_option",
        ) from None


def _default(option: Option, package: str, name: str) -> object:
    return default_uri(package, name) if option.name == "uri" else option.default

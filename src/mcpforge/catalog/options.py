"""The values of options, parsed by the type that the manifest declares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mcpforge.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from mcpforge.answers import OptionValue
    from mcpforge.catalog.manifest import Layer, Option

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def find_option(feature: Layer, name: str) -> Option:
    """Return an option of a feature; raises `UsageError` with the nearest name."""
    try:
        return feature.options[name.replace("-", "_")]
    except KeyError:
        known = ", ".join(f"`{option}`" for option in feature.options) or "none"
        raise UsageError(
            f"Feature `{feature.id}` has no option `{name}`",
            hint=did_you_mean(name, feature.options) + f"Its options: {known}.",
            code="unknown_option",
        ) from None


def parse_value(feature: Layer, option: Option, value: object) -> OptionValue:
    """Return the value in the option's own type, from text (a flag) or data (an answers file).

    Raises `UsageError` that names feature, option and what is expected.
    """
    parsed = _from_text(option, value) if isinstance(value, str) else _from_data(option, value)
    if parsed is None:
        raise UsageError(
            f"`{feature.id}.{option.name}` takes {_expected(option)}, not `{value}`",
            hint=option.help + ".",
            code="bad_value",
        )
    if isinstance(parsed, int | float) and not isinstance(parsed, bool):
        low, high = option.min, option.max
        if (low is not None and parsed < low) or (high is not None and parsed > high):
            raise UsageError(
                f"`{feature.id}.{option.name}` takes {_expected(option)}, not `{value}`",
                hint=option.help + ".",
                code="bad_value",
            )
    return parsed


def _from_text(option: Option, text: str) -> OptionValue | None:
    match option.type:
        case "bool":
            lowered = text.strip().lower()
            return True if lowered in _TRUE else False if lowered in _FALSE else None
        case "int" | "float":
            try:
                return int(text) if option.type == "int" else _finite(float(text))
            except ValueError:
                return None
        case "choice":
            return text if text in option.choices else None
        case "list":
            return _list(text)
        case _:
            return text


def _list(text: str) -> tuple[str, ...] | None:
    if not text.lstrip().startswith("["):
        return tuple(item.strip() for item in text.split(",") if item.strip())
    try:
        items: Any = json.loads(text)
    except ValueError:
        return None
    return tuple(items) if all(isinstance(item, str) for item in items) else None


def _from_data(option: Option, value: object) -> OptionValue | None:
    match option.type, value:
        case "bool", bool():
            return value
        case "int", int() if not isinstance(value, bool):
            return value
        case "float", int() | float() if not isinstance(value, bool):
            return _finite(float(value))
        case "list", list() | tuple() if all(isinstance(item, str) for item in value):
            return tuple(value)
        case _:
            return None


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def _expected(option: Option) -> str:
    if option.type == "choice":
        return f"one of {', '.join(option.choices)}"
    words = {
        "bool": "true or false",
        "int": "a whole number",
        "float": "a number",
        "str": "text",
        "list": "texts separated by commas, or a JSON array",
    }[option.type]
    if option.min is not None and option.max is not None:
        return f"{words} from {option.min:g} to {option.max:g}"
    if option.min is not None:
        return f"{words} of at least {option.min:g}"
    return f"{words} of at most {option.max:g}" if option.max is not None else words

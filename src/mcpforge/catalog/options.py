"""The values of options, parsed by the type that the manifest declares."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from mcpforge.answers import TEXT_LENGTH
from mcpforge.characters import CONTROL
from mcpforge.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from mcpforge.answers import OptionValue
    from mcpforge.catalog.manifest import Layer, Option

_TRUE = frozenset({"true", "yes", "on", "1"})
_SHOWN = 60
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
    if parsed is None or not _fits(option, parsed, confined=feature.origin is not None):
        raise UsageError(
            f"`{feature.id}.{option.name}` takes {_expected(option)}, not `{_shown(value)}`",
            hint=option.help + ".",
            code="bad_value",
        )
    return parsed


def _fits(option: Option, value: OptionValue, *, confined: bool) -> bool:
    if isinstance(value, str | tuple):
        items = (value,) if isinstance(value, str) else value
        match = _matches_confined if confined else _matches
        return all(_is_one_line(item) and match(option, item) for item in items)
    low, high = option.min, option.max
    return (low is None or value >= low) and (high is None or value <= high)


def _matches(option: Option, text: str) -> bool:
    return not option.pattern or re.fullmatch(option.pattern, text) is not None


def _matches_confined(option: Option, text: str) -> bool:
    """Match a pattern of third parties, which may take for ever, in a child process."""
    if not option.pattern:
        return True
    from mcpforge.confine import Child

    request = {"job": "match", "pattern": option.pattern, "text": text}
    with Child("mcpforge.catalog.intake:work") as child:
        return bool(child.ask(request, f"The pattern of the option `{option.name}`"))


def _is_one_line(text: str) -> bool:
    """Whether a text can be the value of a variable in any file: `.env` has one line for each."""
    return len(text) <= TEXT_LENGTH and len(text.splitlines()) <= 1 and not CONTROL.search(text)


def _shown(value: object) -> str:
    text = str(value)
    return f"{text[:_SHOWN]}…" if len(text) > _SHOWN else text


def _from_text(option: Option, text: str) -> OptionValue | None:
    match option.type:
        case "bool":
            lowered = text.strip().lower()
            return True if lowered in _TRUE else False if lowered in _FALSE else None
        case "int" | "float":
            try:
                return int(text) if option.type == "int" else _finite(text)
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
            return _finite(value)
        case "list", list() | tuple() if all(isinstance(item, str) for item in value):
            return tuple(value)
        case _:
            return None


def _finite(value: float | str) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _expected(option: Option) -> str:
    if option.type == "choice":
        return f"one of {', '.join(option.choices)}"
    if option.form:
        return option.form
    words = {
        "bool": "true or false",
        "int": "a whole number",
        "float": "a number",
        "str": "text on one line",
        "list": "texts separated by commas, or a JSON array",
    }[option.type]
    low, high = _number(option.min), _number(option.max)
    if low and high:
        return f"{words} from {low} to {high}"
    if low:
        return f"{words} of at least {low}"
    return f"{words} of at most {high}" if high else words


def _number(bound: float | None) -> str:
    """Return a bound as people write it, or nothing."""
    if bound is None:
        return ""
    return str(int(bound)) if bound == int(bound) else f"{bound:g}"

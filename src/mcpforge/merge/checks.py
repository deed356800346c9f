"""Whether a merged text may be taken: it parses, holds nothing twice, and misses nothing new."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from mcpforge.merge import pyfacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mcpforge.merge.kinds import Kind

TOO_EARLY = "would be used before it is set"
UNDEFINED = "would not be defined"
_Counted = Counter[Hashable]
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;@]|$)")
_DOTENV_KEY = re.compile(r"\s*(?:#\s?)?(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)=")


def parses(kind: Kind, text: str) -> bool:
    """Say whether a text is what files of its kind must be."""
    try:
        facts(kind, text)
    except ValueError:
        return False
    return True


def fault(kind: Kind, merged: str, base: str, ours: str, theirs: str, *, whole: bool = True) -> str:
    """Return why a merge may not be taken, or nothing; a part is only checked for doubles.

    A text of the user's that did not parse before can't be held to more than it was.
    """
    try:
        result = facts(kind, merged)
    except ValueError:
        return "the result would not parse"
    try:
        mine = facts(kind, ours)
    except ValueError:
        return "your file can't be read"
    old, new = facts(kind, base), facts(kind, theirs)
    said = _twice(result, mine, old, new)
    if whole and not said:
        said = _undone(result, mine, old, new)
    return said or (fault_of_names(merged, ours) if kind == "python" else "")


def _twice(result: _Counted, mine: _Counted, old: _Counted, new: _Counted) -> str:
    """Return what would stand twice: at one address, or at another one than where it is already."""
    there = {_unplaced(fact) for fact in new - old if mine[fact]}
    for fact, count in result.items():
        if count > max(mine[fact], new[fact]) and (count > 1 or _unplaced(fact) in there):
            return f"{_said(fact)} would stand twice"
    return ""


def _unplaced(fact: Hashable) -> Hashable:
    return fact[1:] if isinstance(fact, tuple) else fact


def _undone(result: _Counted, mine: _Counted, old: _Counted, new: _Counted) -> str:
    """Return what theirs added that is not there, or took out that still is."""
    for fact, count in (new - old).items():
        if result[fact] < min(count, new[fact]):
            return f"{_said(fact)} would be missing"
    for fact, count in (old - new).items():
        if result[fact] > max(mine[fact] - count, new[fact]):
            return f"{_said(fact)} would stay"
    return _imported_still(result, old, new)


def _imported_still(result: _Counted, old: _Counted, new: _Counted) -> str:
    """Return what theirs imports no more, and the result does at another place."""
    kept = {_unplaced(fact) for fact in new}
    gone = {_unplaced(fact) for fact in old - new} - kept
    for fact in result:
        kind = fact[1] if isinstance(fact, tuple) else ""
        if kind.startswith(("from ", "import")) and _unplaced(fact) in gone:
            return f"{_said(fact)} would stay"
    return ""


def fault_of_names(merged: str, ours: str) -> str:
    """Return which name the merged Python uses and the user's did not miss, or nothing."""
    unknown = pyfacts.unknown_names(merged) - pyfacts.unknown_names(ours)
    if unknown:
        return f"`{min(unknown)}` {UNDEFINED}"
    result, mine = pyfacts.parse(merged), pyfacts.parse(ours)
    if result is None or mine is None:
        return ""
    early = pyfacts.early_names(result) - pyfacts.early_names(mine)
    return f"`{min(early)[2]}` {TOO_EARLY}" if early else ""


def requirement_name(text: str) -> str:
    """Return the normalised package name of a requirement, or nothing for another string."""
    found = _REQUIREMENT.match(text)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def dotenv_key(line: str) -> str:
    """Return the key that a line of a `.env` sets or, commented out, would set."""
    found = _DOTENV_KEY.match(line)
    return found[1] if found else ""


def facts(kind: Kind, text: str) -> Counter[Hashable]:
    """Return how often each thing stands in a text; raises `ValueError` if it does not parse."""
    reader = _READERS.get(kind)
    return Counter(reader(text)) if reader else Counter()


def _python(text: str) -> Iterator[Hashable]:
    tree = pyfacts.parse(text)
    if tree is None:
        raise ValueError
    yield from pyfacts.entries(tree).elements()


def _toml(text: str) -> Iterator[Hashable]:
    yield from _of_value(tomllib.loads(text), "")


def _json(text: str) -> Iterator[Hashable]:
    yield from _of_value(json.loads(text, object_pairs_hook=_unique), "")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError
    return table


def _yaml(text: str) -> Iterator[Hashable]:
    import yaml

    from mcpforge.merge.structured.yaml import check_keys

    try:
        check_keys(text)
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        raise ValueError from None
    for number, document in enumerate(documents):
        yield from _of_value(document, str(number))


def _of_value(value: object, address: str) -> Iterator[Hashable]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield (address, "key", str(key))
            yield from _of_value(item, f"{address}.{key}")
    elif isinstance(value, list):
        for item in value:
            name = requirement_name(item) if isinstance(item, str) and "depend" in address else ""
            yield (address, "requirement" if name else "entry", name or repr(item))


def _dotenv(text: str) -> Iterator[Hashable]:
    for line in text.splitlines():
        key = dotenv_key(line)
        if key:
            yield ("", "key", key)


def _entries(text: str) -> Iterator[Hashable]:
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield ("", "entry", line.strip())


_READERS: dict[str, Callable[[str], Iterator[Hashable]]] = {
    "python": _python,
    "toml": _toml,
    "json": _json,
    "yaml": _yaml,
    "dotenv": _dotenv,
    "entries": _entries,
}


def _said(fact: Hashable) -> str:
    return f"`{fact[2]}`" if isinstance(fact, tuple) else str(fact)

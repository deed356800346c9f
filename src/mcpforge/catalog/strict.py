"""What a manifest of third parties must fulfil beyond the vocabulary; run in the child process.

Whatever passes can be shown in a terminal, kept as JSON, and used by the renderer without surprise.
"""

from __future__ import annotations

import keyword
import math
import re
from typing import TYPE_CHECKING, Any

from mcpforge.catalog.manifest import ENTRIES, LISTS
from mcpforge.characters import CONTROL
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
ID_LENGTH = 40
_TEXT_LENGTH, _DESCRIPTION_LENGTH = 1_000, 5_000
_SHORT = {"title": 60, "summary": 100, "pattern": 200}
_MOST_ITEMS = 200
_DEPTH = 6
_LARGEST = 2**53  # what every reader of JSON keeps exactly
_IMPORT = re.compile(r"\.*[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?", re.ASCII)
_SETTING = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_TYPE = re.compile(
    r"(str|int|float|bool|SecretStr|Path|AnyHttpUrl|list\[str\]"
    r"""|Literal\["[\w. -]+"(, "[\w. -]+")*\])( \| None)?"""
)
# A part of a path in a project: nothing that a system or a shell could read in two ways.
_PART = re.compile(r"(?=.{1,100}\Z)(\{\{ package \}\}|[A-Za-z0-9_.@+-])+")
_PATH_LENGTH, _PATH_PARTS = 200, 12
# What mcpforge, git and the user keep for themselves, wherever it stands.
_RESERVED = (".git", ".mcpforge", ".env", ".gitmodules")


def check_identifier(identifier: str, prefix: str, where: str) -> None:
    """Refuse an id that is none, or that doesn't begin with the prefix of its origin."""
    if not ID.fullmatch(identifier) or len(identifier) > ID_LENGTH:
        raise refused(
            f"{where}: `{shown(identifier)}` is no id: lower-case letters, digits and single `-`"
        )
    if not identifier.startswith(f"{prefix}-"):
        raise refused(
            f"{where}: the id `{identifier}` must begin with `{prefix}-`",
            hint=f"Call its folder `{prefix}-{identifier}`.",
        )


def check_path(path: str, where: str) -> None:
    """Refuse a path that a project can't have, or that isn't a feature's to write."""
    parts = path.removesuffix(".jinja").split("/")
    good = len(path) <= _PATH_LENGTH and len(parts) <= _PATH_PARTS
    good = good and all(_PART.fullmatch(part) for part in parts)
    if not good or any(set(part) == {"."} or part.endswith(".") for part in parts):
        raise refused(
            f"{where}: `{shown(path)}` is no path for a file of a project",
            hint="Letters, digits and `._@+-`, or `{{ package }}`, in each part.",
        )
    for part in (part.lower() for part in parts):
        if part in _RESERVED or part.startswith(".env."):
            raise refused(f"{where}: no feature may bring `{part}`", code="reserved")


def check_strictly(manifest: Mapping[str, Any], where: str) -> None:
    """Refuse values that the vocabulary allows and no feature needs; raises `ForgeError`."""
    for path, value in _leaves(manifest, "", where):
        _check_leaf(path, value, where)
    for slot in ENTRIES:
        for number, entry in enumerate(manifest.get(slot, ()), 1):
            _check_entry(slot, entry, f"{where}: {slot} {number}")
    for name, spec in manifest.get("options", {}).items():
        if spec.get("pattern"):
            _check_pattern(spec["pattern"], f"{where}: options.{name}")
    for requirement in (*manifest.get("dependencies", ()), *manifest.get("dev-dependencies", ())):
        _check_requirement(requirement, where)
    tables = manifest.get("pyproject", {})
    if set(tables) - {"tool"} or not all(isinstance(t, dict) for t in _values(tables, "tool")):
        raise refused(f"{where}: `pyproject` may only hold tables `[pyproject.tool.NAME]`")


def _values(tables: Mapping[str, Any], key: str) -> list[Any]:
    table = tables.get(key, {})
    return list(table.values()) if isinstance(table, dict) else [table]


def _leaves(value: Any, path: str, where: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if depth > _DEPTH:
        raise refused(f"{where}: `{shown(path)}` nests too deeply")
    if isinstance(value, dict | list):
        if len(value) > _MOST_ITEMS:
            raise refused(f"{where}: `{shown(path)}` has more than {_MOST_ITEMS} items")
        pairs = value.items() if isinstance(value, dict) else ((path, item) for item in value)
        for key, item in pairs:
            if isinstance(value, dict):
                yield "key", key
            yield from _leaves(item, key, where, depth + 1)
    else:
        yield path, value


def _check_leaf(key: str, value: Any, where: str) -> None:
    if isinstance(value, str):
        most = _DESCRIPTION_LENGTH if key == "description" else _SHORT.get(key, _TEXT_LENGTH)
        if len(value) > most:
            raise refused(f"{where}: `{shown(key)}` is longer than {most} characters")
        if CONTROL.search(value) or (key != "description" and len(value.splitlines()) > 1):
            raise refused(f"{where}: `{shown(key)}` must be one line without control characters")
    elif isinstance(value, bool | int | float):
        if not math.isfinite(value) or abs(value) > _LARGEST:
            raise refused(f"{where}: `{shown(key)}` is no number that can be used")
    else:
        raise refused(f"{where}: `{shown(key)}` has a kind of value that no key takes")


def _check_entry(slot: str, entry: Mapping[str, Any], spot: str) -> None:
    for spec in (*([entry["import"]] if "import" in entry else []), *entry.get("imports", ())):
        if not _IMPORT.fullmatch(spec):
            raise refused(f"{spot}: `{shown(spec)}` is no `module:name`")
    if slot == "settings":
        _check_setting(entry, spot)
    elif not _LABEL.fullmatch(entry.get("name", "a")):
        raise refused(f"{spot}: `name` has letters, digits, `_` and `-`")
    if not all(_is_name(entry.get(key, "a")) for key in ("keyword", "local")):
        raise refused(f"{spot}: `keyword` and `local` must be names of Python")
    for key, value in entry.get("keywords", {}).items():
        if not (_is_name(key) and isinstance(value, str)):
            raise refused(f"{spot}: `keywords` maps names to expressions")


def _check_setting(entry: Mapping[str, Any], spot: str) -> None:
    if not _SETTING.fullmatch(entry["name"]) or keyword.iskeyword(entry["name"]):
        raise refused(f"{spot}: `{shown(entry['name'])}` is no name for a setting")
    if not _TYPE.fullmatch(entry["type"]):
        raise refused(f"{spot}: `{shown(entry['type'])}` is no type that a setting can have")
    default = entry.get("default", "")
    items = default if isinstance(default, list) else [default]
    if any(isinstance(item, dict | list) for item in items):
        raise refused(f"{spot}: `default` must be a value or a list of texts")
    for key, value in entry.get("constraints", {}).items():
        if not _is_name(key) or isinstance(value, dict | list):
            raise refused(f"{spot}: `constraints` maps names to values")


def _is_name(text: str) -> bool:
    return text.isascii() and text.isidentifier() and not keyword.iskeyword(text)


def _check_pattern(pattern: str, spot: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError):
        raise refused(f"{spot}: `pattern` is no regular expression") from None


def _check_requirement(requirement: str, spot: str) -> None:
    from packaging.requirements import InvalidRequirement, Requirement

    if "{{" in requirement:
        return
    try:
        Requirement(requirement)
    except InvalidRequirement:
        raise refused(f"{spot}: `{shown(requirement)}` is no requirement by PEP 508") from None


def check_condition(condition: str, where: str) -> None:
    """Refuse a folder below `with/` that can't be a condition; whether it is one comes later."""
    slots = {slot.replace("-", "_") for slot in (*ENTRIES, *LISTS)}
    name = condition.removeprefix("slot.")
    if not (name in slots if name != condition else ID.fullmatch(condition)):
        raise refused(f"{where}: `with/{shown(condition)}` names no feature, group or slot")


def shown(text: str) -> str:
    """Return a text as a message may hold it: printable, short."""
    plain = "".join(char if char.isprintable() and char != "`" else "?" for char in text)
    return f"{plain[:60]}…" if len(plain) > 60 else plain  # noqa: PLR2004 - said once


def refused(message: str, *, hint: str = "", code: str = "manifest") -> ForgeError:
    """Return the error of a feature that can't be taken."""
    return ForgeError(message, hint=hint, code=code)

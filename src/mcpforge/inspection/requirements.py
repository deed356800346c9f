"""Which FastMCP a project asks for: pyproject.toml, requirements files, script headers."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from mcpforge.inspection.findings import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.findings import Finding

_REQUIREMENT = re.compile(
    r"""\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*
        \(?(?P<versions>[^;#@)]*)\)?\s*(?:[;#].*)?$""",
    re.VERBOSE,
)
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>|\^|~|=)?\s*v?(\d+(?:\.\d+)*)([.*a-zA-Z0-9+!-]*)")
_SCRIPT = re.compile(r"(?m)^# /// script\s*$\n((?:^#(?: .*)?$\n?)+?)^# ///\s*$")
_OLDEST = (4, 1)
_FASTMCP = "fastmcp"


def inspect_requirements(text: str, path: str) -> list[Finding]:
    """Return what is wrong with the FastMCP requirements of one file."""
    return list(_findings(text, path, _listed(text, path)))


def inspect_script(text: str, path: str) -> list[Finding]:
    """Return what is wrong with the requirements in a script's own header (PEP 723)."""
    return list(_findings(text, path, _header(text)))


def declared(text: str, path: str) -> set[str]:
    """Return the names of the packages that a file requires."""
    return _names(_listed(text, path))


def in_script(text: str) -> set[str]:
    """Return the names of the packages that a script's own header requires."""
    return _names(_header(text))


def _names(requirements: Iterator[str]) -> set[str]:
    matches = (_REQUIREMENT.match(requirement) for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", m["name"]).lower() for m in matches if m}


def _findings(text: str, path: str, requirements: Iterator[str]) -> Iterator[Finding]:
    lines = text.split("\n")
    for requirement in dict.fromkeys(requirements):
        code = _verdict(requirement)
        if code is None:
            continue
        shown = requirement.strip()
        line, column = _place(lines, shown)
        yield rules()[code].at(path, line, column, requirement=shown)


def _place(lines: list[str], requirement: str) -> tuple[int, int]:
    for needle in (requirement, _FASTMCP):
        for number, line in enumerate(lines, 1):
            if needle in line:
                return number, line.index(needle) + 1
    return 1, 1


def _verdict(requirement: str) -> str | None:
    match = _REQUIREMENT.match(requirement)
    if match is None or match["name"].lower().replace("_", "-") != _FASTMCP:
        return None
    clauses = _CLAUSE.findall(match["versions"])
    if not clauses and match["versions"].strip() not in {"", "*"}:
        return None
    oldest: tuple[int, ...] = ()
    bounded = False
    for operator, digits, rest in clauses:
        version = tuple(int(part) for part in digits.split(".")[:6])
        if operator in {"", "==", "===", "=", "~=", "^", "~", ">=", ">"}:
            oldest = max(oldest, version)
        above = operator in {"<", "<="}
        if above and version[: len(_OLDEST)] <= _OLDEST and (operator == "<" or version < _OLDEST):
            return "MF952"
        bounded = bounded or above or operator in {"", "==", "===", "=", "~=", "^", "~"}
        if operator in {"", "==", "="} and "*" in rest and version == _OLDEST[: len(version)]:
            oldest = max(oldest, _OLDEST)
    if not bounded:
        return "MF951"
    return "MF952" if oldest < _OLDEST[: max(len(oldest), 1)] else None


def _listed(text: str, path: str) -> Iterator[str]:
    if path.endswith("pyproject.toml"):
        yield from _pyproject(text)
    elif path.endswith("fastmcp.json"):
        yield from _fastmcp_json(text)
    else:
        for line in text.split("\n"):
            if line.strip() and not line.lstrip().startswith(("#", "-")):
                yield line.split(" #")[0].split("--hash")[0].rstrip("\\ \t\r")


def _pyproject(text: str) -> Iterator[str]:
    data = _toml(text)
    project = _table(data, "project")
    yield from _texts(project.get("dependencies"))
    for table in (
        _table(project, "optional-dependencies"),
        _table(data, "dependency-groups"),
        {"dev": _table(data, "tool", "uv").get("dev-dependencies")},
    ):
        for group in table.values():
            yield from _texts(group)
    poetry = _table(data, "tool", "poetry")
    groups = [_table(group, "dependencies") for group in _table(poetry, "group").values()]
    for dependencies in (_table(poetry, "dependencies"), *groups):
        for name, version in dependencies.items():
            given = version.get("version") if isinstance(version, dict) else version
            if isinstance(given, str):
                yield f"{name} {given}"


def _fastmcp_json(text: str) -> Iterator[str]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from _texts(_table(data, "environment").get("dependencies"))


def _header(text: str) -> Iterator[str]:
    found = _SCRIPT.search(text) if "# /// script" in text else None
    if found:
        body = "\n".join(line[2:] for line in found[1].split("\n"))
        yield from _texts(_toml(body).get("dependencies"))


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        return {}


def _table(data: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _texts(items: Any) -> Iterator[str]:
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, str))

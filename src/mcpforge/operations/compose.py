"""`mcpforge compose`: a file that names servers and tools becomes a virtual server."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge.errors import ForgeError, UsageError, did_you_mean
from mcpforge.gateway import composition
from mcpforge.gateway.composition import Composition, Source
from mcpforge.gateway.rules import check_description, check_name, check_tags, check_visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.composition import VirtualPlan
    from mcpforge.gateway.models import Tool, VirtualServer

_KEYS = ("name", "description", "servers", "tags", "visibility", "team")
_SOURCE_KEYS = ("name", "tools", "resources", "prompts")
_FORM = 'It has the form {"name": …, "servers": [{"name": …, "tools": […]}]}.'
_COMMENT = re.compile(r"^\s*(#|//).*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Composed:
    """The virtual server as it stands now, and where agents connect."""

    record: VirtualServer
    tools: tuple[Tool, ...]
    url: str


def read_composition(path: Path) -> Composition:
    """Return what a file asks for: JSON, with lines of comments or without, TOML or YAML.

    Raises one `UsageError` that tells everything that is wrong with it.
    """
    return check_composition(_load(path, _text(path)), f"`{path}`")


def check_composition(raw: Any, where: str) -> Composition:
    """Return what data asks for; raises one `UsageError` that tells everything wrong with it."""
    if not isinstance(raw, dict):
        raise UsageError(f"{where} holds no object with `name` and `servers`", code="composition")
    problems: list[str] = []
    _unknown(raw, _KEYS, "", problems)
    made = Composition(
        name=_checked(raw.get("name"), "name", str, problems) or "",
        sources=_sources(raw.get("servers"), problems),
        description=_checked(raw.get("description", ""), "description", str, problems),
        tags=_names(raw.get("tags"), "tags", problems),
        visibility=_checked(raw.get("visibility", ""), "visibility", str, problems) or None,
        team=_checked(raw.get("team", ""), "team", str, problems) or None,
    )
    made = _ruled(made, described="description" in raw, problems=problems)
    if problems:
        raise UsageError(
            f"{where} is not right: {'; '.join(problems)}",
            hint=_FORM,
            code="composition",
        )
    return made


def _ruled(made: Composition, *, described: bool, problems: list[str]) -> Composition:
    """Return the composition by the gateway's rules, whose breaches are collected."""

    def kept(check: Callable[..., Any], *given: Any) -> Any:
        try:
            return check(*given)
        except UsageError as error:
            problems.append(error.message)
            return None

    name = kept(check_name, made.name) if made.name else ""
    if made.visibility:
        kept(check_visibility, made.visibility)
    if made.visibility in ("private", "team") and not made.team:
        problems.append(f"`visibility = {made.visibility}` needs a `team`")
    return replace(
        made,
        name=name or "",
        description=kept(check_description, made.description or "") if described else None,
        tags=None if made.tags is None else kept(check_tags, made.tags),
    )


def _text(path: Path) -> str:
    if str(path) == "-" and sys.stdin is None:
        raise UsageError(
            "Standard input is closed", hint="Name a file, or send one through a pipe."
        )
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"`{path}` is no UTF-8 text") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"`{path}` can't be read: {reason}") from None


def _load(path: Path, text: str) -> Any:
    import tomllib

    suffix = path.suffix.lower()
    try:
        if suffix == ".toml":
            return tomllib.loads(text)
        if suffix in (".yaml", ".yml"):
            return _yaml(text)
        return json.loads(_COMMENT.sub("", text), object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        kind = {".toml": "TOML", ".yaml": "YAML", ".yml": "YAML"}.get(suffix, "JSON")
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"`{path}` is no {kind}: {reason}", hint=_FORM, code="composition"
        ) from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; of two values by one key the first would be lost without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"`{twice}` stands twice in one object")
    return found


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _unknown(
    raw: Mapping[str, Any], known: tuple[str, ...], where: str, problems: list[str]
) -> None:
    for key in raw:
        if key not in known:
            near = did_you_mean(str(key), known).strip()
            problems.append(f"`{where}{key}` is unknown{f', {near}' if near else ''}")


def _checked(value: Any, what: str, kind: type[str], problems: list[str]) -> str | None:
    if isinstance(value, kind):
        if what == "name" and not value.strip():
            problems.append(f"`{what}` is empty")
        return value
    problems.append(f"`{what}` is missing" if value is None else f"`{what}` is no text")
    return None


def _names(value: Any, what: str, problems: list[str]) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        problems.append(f"`{what}` is no list of names")
        return ()
    return tuple(dict.fromkeys(value))


def _sources(value: Any, problems: list[str]) -> tuple[Source, ...]:
    if not isinstance(value, list) or not value:
        what = "missing" if value is None else "empty" if value == [] else "no list"
        problems.append(f"`servers` is {what}")
        return ()
    found: list[Source] = []
    for number, raw in enumerate(value, 1):
        where = f"servers[{number}]."
        if isinstance(raw, str):
            raw = {"name": raw}  # noqa: PLW2901 - a name alone is the short form
        if not isinstance(raw, dict):
            problems.append(f"`{where[:-1]}` is no object with a `name`")
            continue
        _unknown(raw, _SOURCE_KEYS, where, problems)
        name = _checked(raw.get("name"), f"{where}name", str, problems) or ""
        lists = {key: _names(raw.get(key), where + key, problems) for key in _SOURCE_KEYS[1:]}
        # Whoever lists something takes that and no more; a name alone takes everything.
        nothing = () if any(key in raw for key in lists) else None
        chosen = {key: nothing if names is None else names for key, names in lists.items()}
        if name in (source.name for source in found):
            problems.append(f"`{name}` stands in `servers` twice")
        found.append(Source(name, **chosen))
    return tuple(found)


def plan(gateway: Gateway, wanted: Composition) -> VirtualPlan:
    """Return what has to be done; nothing is changed.

    Raises one `GatewayError` that names every server and tool that is not there.
    """
    stock = composition.take_stock(gateway, wanted)
    chosen = composition.resolve(wanted, stock)
    if not (chosen.tools or chosen.resources or chosen.prompts):
        raise ForgeError(
            f"`{wanted.name}` would be empty: its servers have nothing",
            hint="`mcpforge register` brings the tools of a server up to date.",
            code="composition",
        )
    if wanted.team:
        wanted = replace(wanted, team=gateway.team(wanted.team))
    return composition.plan_virtual(wanted, chosen, gateway.virtual_servers())


def carry_out(gateway: Gateway, planned: VirtualPlan) -> Composed:
    """Create or update the virtual server, read it again, compare."""
    record, tools = composition.apply_virtual(gateway, planned)
    ordered = sorted(tools, key=lambda tool: tool.name)
    return Composed(record, tuple(ordered), f"{gateway.url}/servers/{record.id}/mcp")

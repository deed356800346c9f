"""A virtual server on the gateway, put together from the tools of several servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mcpforge.errors import GatewayError, did_you_mean
from mcpforge.gateway.models import Request, parse_tool, parse_virtual, refuse_garbage
from mcpforge.gateway.refusals import plain
from mcpforge.gateway.registration import Difference, find_server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.models import Part, Registered, Tool, VirtualServer

_KINDS = ("tools", "resources", "prompts")


@dataclass(frozen=True, slots=True)
class Source:
    """One server and what is taken of it; None means all of a kind."""

    name: str
    tools: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    prompts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Composition:
    """How a virtual server is to be; what is None is left to the gateway as it is."""

    name: str
    sources: tuple[Source, ...]
    description: str | None = None
    tags: tuple[str, ...] | None = None
    visibility: str | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is on the gateway to be taken."""

    servers: Sequence[Registered]
    tools: Sequence[Tool]
    resources: Sequence[Part]
    prompts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was found for a composition, by id; `tools` are in the order of the file."""

    tools: tuple[Tool, ...]
    resources: tuple[str, ...]
    prompts: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VirtualPlan:
    """What there is to do for one virtual server."""

    composition: Composition
    actual: VirtualServer | None
    chosen: Chosen
    differences: tuple[Difference, ...]

    @property
    def action(self) -> str:
        """What will be done: create, update or nothing."""
        if self.actual is None:
            return "create"
        return "update" if self.differences else "nothing"

    def requests(self) -> list[Request]:
        """Return what has to be sent."""
        wanted = self.composition
        body = {
            "name": wanted.name,
            "description": wanted.description,
            "tags": None if wanted.tags is None else list(wanted.tags),
            "visibility": wanted.visibility,
            "team_id": wanted.team,
            "associated_tools": [tool.id for tool in self.chosen.tools],
            "associated_resources": list(self.chosen.resources),
            "associated_prompts": list(self.chosen.prompts),
        }
        body = {key: value for key, value in body.items() if value is not None}
        if self.actual is None:
            return [Request("POST", "/servers", {"server": body})]
        if not self.differences:
            return []
        path = f"/servers/{self.actual.id}"
        on = [] if self.actual.enabled else [Request("POST", f"{path}/state?activate=true")]
        return [*on, Request("PUT", path, body)]


def take_stock(gateway: Gateway, composition: Composition) -> Stock:
    """Ask the gateway for what a composition may take; only for the kinds it takes."""
    wants = {kind: any(getattr(one, kind) != () for one in composition.sources) for kind in _KINDS}
    return Stock(
        gateway.servers(),
        gateway.tools(),
        gateway.resources() if wants["resources"] else (),
        gateway.prompts() if wants["prompts"] else (),
    )


def resolve(composition: Composition, stock: Stock) -> Chosen:
    """Find everything that a composition names; raises one `GatewayError` with all problems."""
    problems: list[str] = []
    notes: list[str] = []
    tools: dict[str, Tool] = {}
    resources: dict[str, str] = {}
    prompts: dict[str, None] = {}
    for source in composition.sources:
        server = _server(source.name, stock, problems)
        if server is None:
            continue
        if not server.reachable:
            notes.append(f"`{server.name}` is marked as unreachable: calls fail until it is up")
        mine = [tool for tool in stock.tools if tool.server == server.id]
        for tool in _wanted_tools(source, server, mine, problems):
            tools[tool.id] = tool
        for part in _wanted_parts(source, server, "resources", stock.resources, problems):
            # Two with one URI make the gateway fail when either is read.
            if part.original in resources:
                notes.append(f"`{part.original}` is there twice: `{server.name}`'s is left out")
            resources.setdefault(part.original, part.id)
        found = _wanted_parts(source, server, "prompts", stock.prompts, problems)
        prompts.update(dict.fromkeys(part.id for part in found))
    if problems:
        raise GatewayError(
            f"`{composition.name}` can't be put together: {'; '.join(problems)}",
            hint="Nothing was changed. `mcpforge register` lists the tools of a server anew.",
            code="composition",
        )
    return Chosen(tuple(tools.values()), tuple(resources.values()), tuple(prompts), tuple(notes))


def _server(name: str, stock: Stock, problems: list[str]) -> Registered | None:
    """Return the server of a name, where it can be used; else the problem is noted."""
    try:
        found = find_server(name, stock.servers)
    except GatewayError as error:
        problems.append(f"{error.message[:1].lower()}{error.message[1:]}")
        return None
    if found and found.enabled:
        return found
    if found:
        problems.append(f"the server `{name}` is switched off")
        return None
    names = [one.name for one in stock.servers]
    known = ", ".join(f"`{plain(one)}`" for one in sorted(names)) or "none"
    near = did_you_mean(name, names)
    problems.append(f"there is no server `{name}` ({near}there are: {known})")
    return None


def _wanted_tools(
    source: Source, server: Registered, mine: Sequence[Tool], problems: list[str]
) -> list[Tool]:
    if source.tools is None:
        return [tool for tool in mine if tool.enabled]
    found = []
    by_name = {tool.name: tool for tool in mine} | {tool.original: tool for tool in mine}
    for name in source.tools:
        tool = by_name.get(name)
        if tool is None:
            known = ", ".join(f"`{plain(one.original)}`" for one in mine) or "none"
            near = did_you_mean(name, by_name)
            problems.append(f"`{server.name}` has no tool `{name}` ({near}it has: {known})")
        elif not tool.enabled:
            problems.append(f"the tool `{name}` of `{server.name}` is switched off")
        else:
            found.append(tool)
    return found


def _wanted_parts(
    source: Source,
    server: Registered,
    kind: Literal["resources", "prompts"],
    all_parts: Sequence[Part],
    problems: list[str],
) -> list[Part]:
    own = [part for part in all_parts if part.server == server.id]
    wanted = source.resources if kind == "resources" else source.prompts
    if wanted is None:
        return own
    by_name = {part.name: part for part in own} | {part.original: part for part in own}
    for name in wanted:
        if name not in by_name:
            known = ", ".join(f"`{plain(part.original)}`" for part in own) or "none"
            problems.append(f"`{server.name}` has no {kind[:-1]} `{name}` (it has: {known})")
    return [by_name[name] for name in wanted if name in by_name]


def _called(composition: Composition, servers: Sequence[VirtualServer]) -> VirtualServer | None:
    """Return the virtual server of a composition's name; each team may have one of its own."""
    found = [one for one in servers if one.name == composition.name]
    for what in ("team", "visibility"):
        wanted = getattr(composition, what)
        found = [one for one in found if getattr(one, what) == wanted] or found
    if len(found) > 1:
        which = ", ".join(f"`{one.id}` ({one.visibility})" for one in found)
        raise GatewayError(
            f"Several virtual servers are called `{composition.name}`: {which}",
            hint="`team` or `visibility` in the file says which one, else take another `name`.",
            code="name_ambiguous",
        )
    return next(iter(found), None)


def plan_virtual(
    composition: Composition, chosen: Chosen, servers: Sequence[VirtualServer]
) -> VirtualPlan:
    """Return what has to be done for a virtual server."""
    actual = _called(composition, servers)
    if actual is None:
        return VirtualPlan(composition, None, chosen, ())
    pairs: list[tuple[str, str | None, str]] = [
        ("description", composition.description, actual.description),
        ("tags", _joined(composition.tags), _joined(actual.tags) or ""),
        ("visibility", composition.visibility, actual.visibility),
        ("team", composition.team, actual.team),
        ("state", "on", "on" if actual.enabled else "off"),
    ]
    found = [Difference(what, old, new) for what, new, old in pairs if new not in (None, old)]
    ids = _ids(chosen)
    for kind in _KINDS:
        old = getattr(actual, kind)
        if ids[kind] != old:
            change = f"{len(ids[kind])} (+{len(ids[kind] - old)} -{len(old - ids[kind])})"
            found.append(Difference(kind, str(len(old)), change))
    return VirtualPlan(composition, actual, chosen, tuple(found))


def _joined(tags: tuple[str, ...] | None) -> str | None:
    return None if tags is None else ", ".join(tags)


def _ids(chosen: Chosen) -> Mapping[str, frozenset[str]]:
    return {
        "tools": frozenset(tool.id for tool in chosen.tools),
        "resources": frozenset(chosen.resources),
        "prompts": frozenset(chosen.prompts),
    }


def apply_virtual(gateway: Gateway, plan: VirtualPlan) -> tuple[VirtualServer, list[Tool]]:
    """Send what the plan says, read it again and compare.

    Returns the virtual server and its tools; raises `GatewayError` where the gateway took less.
    """
    name = plan.composition.name
    record = plan.actual
    verb = "create" if record is None else "update"
    for request in plan.requests():
        doing = f"{verb} the virtual server `{name}`"
        raw = gateway.send(request, doing)
        if request.method == "PUT" or record is None:
            record = gateway.read(parse_virtual, raw, doing)
    assert record is not None
    tools = _tools_of(gateway, record)
    missing = _ids(plan.chosen)["tools"] - {tool.id for tool in tools}
    if missing:
        names = ", ".join(f"`{tool.name}`" for tool in plan.chosen.tools if tool.id in missing)
        raise GatewayError(
            f"The virtual server `{name}` stands, but the gateway left out {names}",
            hint="Its server was registered anew just now: run the command again.",
            code="composition",
        )
    more = [f"`{tool.name}`" for tool in tools if tool.id not in _ids(plan.chosen)["tools"]]
    if more:
        raise GatewayError(
            f"The virtual server `{name}` stands, but the gateway kept {', '.join(more)} in it",
            hint="Somebody composed it just now: run the command again.",
            code="composition",
        )
    return record, tools


def _tools_of(gateway: Gateway, record: VirtualServer) -> list[Tool]:
    raw: Any = gateway.get(f"/servers/{record.id}/tools", "list the tools of a virtual server")
    items = raw.get("tools") if isinstance(raw, dict) else raw
    if not isinstance(items, list):
        raise refuse_garbage(f"`{gateway.url}`")
    return [gateway.read(parse_tool, item) for item in items]

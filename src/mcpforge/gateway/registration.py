"""A server on the gateway: desired against actual, as a plan."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mcpforge.errors import GatewayError
from mcpforge.gateway.models import HIDDEN, TRANSPORT, Request
from mcpforge.gateway.refusals import plain
from mcpforge.gateway.rules import same_url, slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mcpforge.gateway.models import Desired, Registered, Tool, VirtualServer
    from mcpforge.gateway.upstream import Upstream

Action = Literal["create", "update", "nothing"]
REFRESH = "tools/refresh?include_resources=true&include_prompts=true"
_KEEPABLE = "bearer"  # of this kind the gateway keeps what it has when it gets stars


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as desired; a secret is never in it."""

    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Loss:
    """A virtual server and the tools that it would lose."""

    server: str
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """What there is to do for one server.

    `added`, `changed` and `removed` are tools by the names of their own server; nothing is known of
    them where the server could not be listed (`blind`).
    """

    desired: Desired
    actual: Registered | None
    action: Action
    differences: tuple[Difference, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    dropped: Mapping[str, str] = field(default_factory=dict)
    blind: bool = False

    @property
    def only_sync(self) -> bool:
        """Whether all is as desired but the tools, of which only the gateway can tell."""
        return self.actual is not None and self.blind and not self.differences

    def requests(self) -> list[Request]:
        """Return what has to be sent."""
        if self.action == "nothing":
            return []
        if self.actual is None:
            return [Request("POST", "/gateways", _body(self.desired))]
        path = f"/gateways/{self.actual.id}"
        if self.only_sync:
            return [Request("POST", f"{path}/{REFRESH}")]
        found = []
        if not self.actual.enabled:
            found.append(Request("POST", f"{path}/state?activate=true"))
        if self.desired.credential or not self.actual.auth:
            return [*found, Request("PUT", path, _body(self.desired))]
        if self.actual.auth == _KEEPABLE:
            kept = {"auth_type": _KEEPABLE, "auth_token": HIDDEN}  # the stored one is kept
            return [*found, Request("PUT", path, {**_body(self.desired), **kept})]
        if any(one.what != "state" for one in self.differences):
            raise GatewayError(
                f"`{self.desired.name}` can't be updated without its credential",
                hint="Give it as when it was registered, by `MCPFORGE_UPSTREAM_TOKEN`, "
                "`--upstream-token-file` or `--upstream-oauth`.",
                code="upstream_token",
            )
        return [*found, Request("POST", f"{path}/{REFRESH}")]


def _body(desired: Desired) -> dict[str, Any]:
    given = {
        "name": desired.name,
        "url": desired.url,
        "transport": TRANSPORT,
        "description": desired.description,
        "tags": None if desired.tags is None else list(desired.tags),
        "visibility": desired.visibility,
        "team_id": desired.team,
    }
    body = {key: value for key, value in given.items() if value is not None}
    return {**body, **desired.credential.fields()} if desired.credential else body


def find_server(name: str, servers: Iterable[Registered]) -> Registered | None:
    """Return the server of this name, of one that the gateway takes for the same, or of this id.

    Raises `GatewayError` for the name of several: a gateway lets each team and each user have one.
    """
    everything = list(servers)
    found = _called(name, everything) or [one for one in everything if one.id == name]
    if len(found) > 1:
        hint = "Name the one that is meant by its id, which stands before the bracket."
        raise _ambiguous(name, found, hint)
    return next(iter(found), None)


def _called(name: str, servers: Sequence[Registered]) -> list[Registered]:
    exact = [server for server in servers if server.name == name]
    return exact or [server for server in servers if server.slug == slug(name)]


def _ambiguous(name: str, found: Sequence[Registered], hint: str) -> GatewayError:
    which = ", ".join(f"`{one.id}` ({one.visibility}, {plain(one.url)})" for one in found)
    return GatewayError(
        f"Several servers are called `{name}`: {which}",
        hint=hint,
        code="name_ambiguous",
    )


def match(desired: Desired, servers: Sequence[Registered], *, move: bool) -> Registered | None:
    """Return the server that a desired one is already, or None.

    Raises `GatewayError` where the name is another URL's, unless it shall `move`, or the URL is
    registered under another name.
    """
    called = _called(desired.name, servers)
    here = [one for one in called if same_url(one.url, desired.url)]
    if len(called) > 1 and not here:
        hint = "Register this one under another name with `--name`."
        raise _ambiguous(desired.name, called, hint)
    found = next((one for one in here if one.team == (desired.team or "")), None)
    found = found or next(iter(here or called), None)
    if found and not same_url(found.url, desired.url) and not move:
        raise GatewayError(
            f"`{found.name}` is registered with another URL, `{plain(found.url)}`",
            hint=f"If the server moved to `{desired.url}`, say `--move`; if that is another one, "
            "register this one under another name with `--name`.",
            code="name_taken",
        )
    for other in servers:
        if other not in called and same_url(other.url, desired.url):
            raise GatewayError(
                f"`{desired.url}` is registered already, as `{other.name}`",
                hint=f"`mcpforge unregister {other.name}` first, or keep that name by "
                f"`--name {other.name}`.",
                code="url_taken",
            )
    return found


def plan_server(
    desired: Desired,
    actual: Registered | None,
    upstream: Upstream | None,
    tools: Sequence[Tool] = (),
    *,
    credential_known: bool = False,
) -> ServerPlan:
    """Return what has to be done; `credential_known` says that the gateway has it already."""
    dropped = upstream.dropped if upstream else {}
    offered = {tool.name: tool for tool in upstream.kept} if upstream else {}
    if actual is None:
        return ServerPlan(
            desired, None, "create", added=tuple(offered), dropped=dropped, blind=upstream is None
        )
    present = {tool.original: tool for tool in tools if tool.server == actual.id}
    added = tuple(name for name in offered if name not in present)
    removed = tuple(name for name in present if name not in offered) if upstream else ()
    changed = tuple(
        name
        for name, tool in offered.items()
        if name in present
        and _told(tool.description, tool.schema)
        != _told(present[name].description, present[name].schema)
    )
    found = differences(desired, actual, credential_known=credential_known)
    todo = found or added or removed or changed or upstream is None
    return ServerPlan(
        desired,
        actual,
        "update" if todo else "nothing",
        found,
        added,
        changed,
        removed,
        dropped=dropped,
        blind=upstream is None,
    )


def _told(description: str, schema: Mapping[str, Any]) -> tuple[str, str]:
    """Return what clients learn of a tool; the gateway takes things like tags out of texts."""
    bare = re.sub(r"<[^<>]*>", "", description)
    return re.sub(r"\W+", "", bare), json.dumps(schema, sort_keys=True)


def differences(
    desired: Desired, actual: Registered, *, credential_known: bool
) -> tuple[Difference, ...]:
    """Return what of a server is not as desired; its tools aside."""
    pairs: list[tuple[str, str | None, str]] = [
        ("name", desired.name, actual.name),
        ("transport", TRANSPORT, actual.transport.upper()),
        ("description", desired.description, actual.description),
        ("tags", None if desired.tags is None else ", ".join(desired.tags), ", ".join(actual.tags)),
        ("visibility", desired.visibility, actual.visibility),
        ("team", desired.team, actual.team),
    ]
    found = [Difference(what, old, new) for what, new, old in pairs if new not in (None, old)]
    if not same_url(desired.url, actual.url):
        found.append(Difference("url", actual.url, desired.url))
    if desired.credential and not (credential_known and desired.credential.kind == actual.auth):
        found.append(Difference("credential", actual.auth or "none", desired.credential.kind))
    if not actual.enabled:
        found.append(Difference("state", "off", "on"))
    if not actual.reachable:
        found.append(Difference("state", "marked as unreachable", "reachable"))
    return tuple(found)


def losses(
    removed: Iterable[str], tools: Sequence[Tool], servers: Sequence[VirtualServer], owner: str
) -> tuple[Loss, ...]:
    """Return which virtual servers have tools of `owner` among those that go."""
    gone = set(removed)
    leaving = {tool.id: tool for tool in tools if tool.server == owner and tool.original in gone}
    found = []
    for server in servers:
        names = sorted(leaving[one].original for one in server.tools if one in leaving)
        if names:
            found.append(Loss(server.name, tuple(names)))
    return tuple(found)


def plan_removal(
    name: str,
    servers: Sequence[Registered],
    virtual: Sequence[VirtualServer],
    tools: Sequence[Tool],
) -> tuple[Registered, tuple[Loss, ...]] | None:
    """Return the server to unregister and which virtual servers lose tools; None if not there."""
    found = find_server(name, servers)
    if found is None:
        return None
    names = [tool.original for tool in tools if tool.server == found.id]
    return found, losses(names, tools, virtual, found.id)


def removal(server: Registered) -> Request:
    """Return the request that unregisters a server."""
    return Request("DELETE", f"/gateways/{server.id}")

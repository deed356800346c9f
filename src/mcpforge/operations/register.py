"""`mcpforge register`: projects on a gateway, desired against actual, as plans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError, GatewayError, UsageError
from mcpforge.gateway import registration
from mcpforge.gateway.access import check_address, find_credential
from mcpforge.gateway.models import Desired
from mcpforge.gateway.rules import (
    check_description,
    check_name,
    check_tags,
    check_visibility,
    slug,
)
from mcpforge.operations.publishing import offer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.models import Credential, Registered, Tool
    from mcpforge.gateway.registration import ServerPlan
    from mcpforge.gateway.upstream import Upstream
    from mcpforge.operations.publishing import Offer


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for, for all projects of one run."""

    url: str = ""
    name: str = ""
    tags: tuple[str, ...] = ()
    visibility: str = ""
    team: str = ""
    token_file: str = ""
    oauth_file: str = ""
    header: str = ""
    insecure_http: bool = False
    move: bool = False
    preflight: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One project with its plan, or with the reason why there is none."""

    offer: Offer
    desired: Desired
    plan: ServerPlan | None = None
    error: ForgeError | None = None


def desire(start: Path, catalog: Catalog, wishes: Wishes) -> tuple[Offer, Desired]:
    """Return how the project of a folder is to be registered.

    Raises `ForgeError` for what the gateway would refuse or drop, before anything is sent.
    """
    told = offer(start, catalog)
    url = wishes.url.replace("{name}", told.name) if wishes.url else told.url
    check_address(url, "The server's URL")  # sent as it is: a last slash makes another URL
    credential = find_credential(
        url,
        token_file=wishes.token_file,
        oauth_file=wishes.oauth_file,
        header=wishes.header,
        insecure_http=wishes.insecure_http,
    )
    if told.signs_in and not told.verifies and not (credential and credential.oauth):
        raise ForgeError(
            f"`{told.name}` lets people sign in by OAuth, and a gateway can't",
            hint="`mcpforge add bearer` lets the gateway in by a token, beside the people; with "
            "client credentials of your provider, name them by `--upstream-oauth FILE`.",
            code="oauth_only",
        )
    tags = wishes.tags or told.tags
    visibility = wishes.visibility or told.visibility
    if visibility in ("private", "team") and not wishes.team:
        raise UsageError(
            f"A server that is `{visibility}` needs `--team`",
            hint="Without one a gateway makes it public at its next start.",
            code="gateway_team",
        )
    desired = Desired(
        name=check_name(wishes.name or told.name),
        url=url,
        description=check_description(told.description),
        tags=None if tags is None else check_tags(tags),
        visibility=check_visibility(visibility) if visibility else None,
        team=wishes.team or None,
        credential=credential,
    )
    return told, desired


def plan_all(
    gateway: Gateway, wanted: Sequence[tuple[Offer, Desired]], wishes: Wishes
) -> list[Item]:
    """Return a plan for each project; nothing is changed.

    The gateway is asked once for all of them. Raises `GatewayError` when it does not answer.
    """
    _refuse_same(wanted)
    if any(desired.credential for _, desired in wanted):
        gateway.access.refuse_plain("the server's credential")
    servers = gateway.servers()
    if wishes.team:
        team = gateway.team(wishes.team)
        wanted = [(told, replace(desired, team=team)) for told, desired in wanted]
    items: list[Item] = []
    matched: list[Registered | None] = []
    for told, desired in wanted:
        item = Item(told, desired)
        found = None
        try:
            found = registration.match(desired, servers, move=wishes.move)
            _need_credential(told, desired, found)
        except ForgeError as error:
            item = replace(item, error=error)
        items.append(item)
        matched.append(found)
    looks = _look(items, matched, wishes)
    if wishes.dry_run:
        looks = [None if isinstance(look, GatewayError) else look for look in looks]
    tools = gateway.tools() if any(matched) else []
    planned = [
        _plan(gateway, item, found, look, tools)
        for item, found, look in zip(items, matched, looks, strict=True)
    ]
    return _with_losses(gateway, planned, tools)


def _refuse_same(wanted: Sequence[tuple[Offer, Desired]]) -> None:
    """Refuse two projects that would be one server on the gateway."""
    seen: dict[str, Offer] = {}
    for told, desired in wanted:
        for what in (f"the name `{slug(desired.name)}`", f"the URL `{desired.url}`"):
            other = seen.setdefault(what, told)
            if other is not told:
                raise UsageError(
                    f"`{other.root}` and `{told.root}` would both have {what} on the gateway",
                    hint="Each needs its own: set another port or name, or register one at a time "
                    "with `--url` and `--name`.",
                    code="same_server",
                )


def _need_credential(told: Offer, desired: Desired, found: Registered | None) -> None:
    if not told.verifies or desired.credential or (found and found.auth):
        return
    step = f"Make one: `{told.token_step}`. " if told.token_step else ""
    raise ForgeError(
        f"`{told.name}` asks for a token, and there is none for the gateway",
        hint=f"{step}Then set `MCPFORGE_UPSTREAM_TOKEN` or name a file by `--upstream-token-file`.",
        code="upstream_token",
    )


def _look(
    items: Sequence[Item], matched: Sequence[Registered | None], wishes: Wishes
) -> list[Upstream | GatewayError | None]:
    """Return what the servers offer; None where only the gateway can ask them."""

    def can_ask(item: Item, found: Registered | None) -> bool:
        credential = item.desired.credential
        stored = credential is None and found is not None and bool(found.auth)
        if wishes.dry_run and found is None:  # nothing hangs on it yet, and it takes its time
            return False
        return wishes.preflight and not (item.error or stored or (credential and credential.oauth))

    chosen = [can_ask(item, found) for item, found in zip(items, matched, strict=True)]
    targets: list[tuple[str, Credential | None]] = [
        (item.desired.url, item.desired.credential)
        for item, ask in zip(items, chosen, strict=True)
        if ask
    ]
    if not targets:
        return [None] * len(items)
    from mcpforge.gateway import upstream

    answers = iter(upstream.look(targets))
    return [next(answers) if ask else None for ask in chosen]


def _plan(
    gateway: Gateway,
    item: Item,
    found: Registered | None,
    look: Upstream | GatewayError | None,
    tools: Sequence[Tool],
) -> Item:
    if item.error:
        return item
    if isinstance(look, GatewayError):
        look.hint = look.hint.replace("uv run NAME", f"uv run {item.offer.script.name}")
        return replace(item, error=look)
    known = bool(found and item.desired.credential) and _is_known(gateway, item, found)
    return replace(
        item,
        plan=registration.plan_server(item.desired, found, look, tools, credential_known=known),
    )


def _is_known(gateway: Gateway, item: Item, found: Registered | None) -> bool:
    from mcpforge.gateway import credentials

    return credentials.is_known(gateway.url, found.id if found else "", item.desired.credential)


def _with_losses(gateway: Gateway, items: list[Item], tools: Sequence[Tool]) -> list[Item]:
    """Name the virtual servers that lose tools, or may where a server could not be listed."""
    if not any(item.plan and _may_lose(item.plan) for item in items):
        return items
    virtual = gateway.virtual_servers()
    found = []
    for item in items:
        if item.plan and item.plan.actual and _may_lose(item.plan):
            owner = item.plan.actual.id
            gone = item.plan.removed
            if item.plan.blind:
                gone = tuple(tool.original for tool in tools if tool.server == owner)
            lost = registration.losses(gone, tools, virtual, owner)
            item = replace(item, plan=replace(item.plan, losses=lost))  # noqa: PLW2901
        found.append(item)
    return found


def _may_lose(plan: ServerPlan) -> bool:
    return plan.actual is not None and (plan.blind or bool(plan.removed))

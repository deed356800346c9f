"""Plans for the gateway: made by the operations, told to agents with all secrets hidden."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from mcpforge.errors import ForgeError
from mcpforge.serve.shapes import Applied, GatewayPlan, Loss
from mcpforge.serve.shelf import Draft

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.composition import VirtualPlan
    from mcpforge.gateway.models import Desired
    from mcpforge.operations.publishing import Offer
    from mcpforge.operations.register import Item, Wishes
    from mcpforge.operations.unregister import Plan as Removals
    from mcpforge.serve.desk import Desk
    from mcpforge.serve.places import Place
    from mcpforge.serve.shapes import Kind


@contextmanager
def opened(desk: Desk) -> Iterator[Gateway]:
    """Open the gateway of this server; its URL and token were settled when the server started."""
    from mcpforge.gateway.access import find_access
    from mcpforge.gateway.client import Gateway

    terms = desk.terms
    access = find_access(
        terms.gateway or None, terms.token_file or None, insecure_http=terms.insecure_http
    )
    with Gateway(access) as gateway:
        yield gateway


def register(desk: Desk, path: str, wishes: Wishes, *, allow_losses: bool) -> Draft[GatewayPlan]:
    """Return the plan that registers a project, or renews that.

    Raises `ForgeError` for a project whose own settings lead to another machine: only the URL that
    the server was started with may.
    """
    place = desk.base.project(path)
    told, desired = _desire(desk, place, wishes)
    with opened(desk) as gateway:
        item = _plan_one(gateway, told, desired, wishes)
        view = _view_of(item, gateway)
    if item.plan and not allow_losses:
        _refuse_losses(view.losses)
    return Draft(
        view=view,
        evidence=(place, view),
        empty=bool(item.plan and item.plan.action == "nothing" and not desk.terms.start),
        diff=lambda: _request_lines(view),
        carry_out=lambda: _register(desk, place, wishes),
    )


def _desire(desk: Desk, place: Place, wishes: Wishes) -> tuple[Offer, Desired]:
    from mcpforge.gateway.access import is_loopback
    from mcpforge.operations.register import desire

    told, desired = desire(place.path, desk.catalog, wishes)
    if not wishes.url and not is_loopback(desired.url):
        raise ForgeError(
            f"The settings of `{place.shown}` lead to another machine, {desired.url}",
            hint="The person who starts this server allows that by `mcpforge mcp --url URL`.",
            code="url_not_allowed",
        )
    return told, desired


def _plan_one(gateway: Gateway, told: Offer, desired: Desired, wishes: Wishes) -> Item:
    from mcpforge.operations.register import plan_all

    if desired.credential:
        gateway.keep_secret(*desired.credential.secrets())
    (item,) = plan_all(gateway, [(told, desired)], wishes)
    if item.error:
        raise item.error
    return item


def _view_of(item: Item, gateway: Gateway) -> GatewayPlan:
    plan = item.plan
    assert plan is not None
    differences = [f"{one.what}: {one.old} → {one.new}" for one in plan.differences]
    view = _view("register", gateway, f"{plan.action} `{item.desired.name}`", plan.requests())
    view.notes = [*differences, *(f"{name}: {why}" for name, why in plan.dropped.items())]
    view.tools_added = list(plan.added)
    view.tools_changed = list(plan.changed)
    view.tools_removed = list(plan.removed)
    view.losses = _losses(plan.losses)
    return view


def _register(desk: Desk, place: Place, wishes: Wishes) -> Applied:
    from dataclasses import replace

    from mcpforge.operations.register_apply import carry_out
    from mcpforge.operations.running import start

    wishes = replace(wishes, dry_run=False)
    told, desired = _desire(desk, place, wishes)
    with ExitStack() as held:
        if desk.terms.start:
            running = held.enter_context(start(told, desired.url, lambda _text: None))
        gateway = held.enter_context(opened(desk))
        item = _plan_one(gateway, told, desired, wishes)
        (outcome,) = carry_out(gateway, [item])
        if outcome.error or outcome.record is None:
            raise outcome.error or ForgeError(f"`{told.name}` was not registered")
        if desk.terms.start:
            running.leave()
        url = gateway.url
    return Applied(
        kind="register",
        project=place.shown,
        summary=f"Registered `{desired.name}` at {url}",
        written=[desired.name],
        agents_see=[tool.name for tool in outcome.tools],
        skipped=list(outcome.skipped),
        url=desired.url,
    )


def unregister(desk: Desk, names: Sequence[str], *, allow_losses: bool) -> Draft[GatewayPlan]:
    """Return the plan that takes servers off the gateway; losses are refused unless allowed."""
    from mcpforge.operations.unregister import plan

    with opened(desk) as gateway:
        found = plan(gateway, names)
        view = _removal_view(found, gateway)
    if not allow_losses:
        _refuse_losses(view.losses)
    return Draft(
        view=view,
        evidence=view,
        empty=not found.removals,
        diff=lambda: _request_lines(view),
        carry_out=lambda: _unregister(desk, found),
    )


def _removal_view(found: Removals, gateway: Gateway) -> GatewayPlan:
    names = ", ".join(f"`{removal.server.name}`" for removal in found.removals)
    requests = [removal.request for removal in found.removals]
    view = _view(
        "unregister", gateway, f"unregister {names}" if names else "Nothing to do", requests
    )
    view.losses = _losses(loss for removal in found.removals for loss in removal.losses)
    view.notes = [f"`{name}` is not registered" for name in found.missing]
    return view


def _unregister(desk: Desk, found: Removals) -> Applied:
    from mcpforge.operations.unregister import carry_out

    with opened(desk) as gateway:
        carry_out(gateway, found.removals)
    names = [removal.server.name for removal in found.removals]
    return Applied(
        kind="unregister",
        project="",
        summary=f"Unregistered {', '.join(f'`{name}`' for name in names)}",
        deleted=names,
    )


def compose(desk: Desk, raw: dict[str, Any]) -> Draft[GatewayPlan]:
    """Return the plan of a virtual server; raises one `UsageError` for all that is wrong."""
    from mcpforge.operations.compose import check_composition, plan

    wanted = check_composition(raw, "The composition")
    with opened(desk) as gateway:
        planned = plan(gateway, wanted)
        view = _view("compose", gateway, f"{planned.action} `{wanted.name}`", planned.requests())
    view.notes = [
        *(f"{one.what}: {one.old} → {one.new}" for one in planned.differences),
        *planned.chosen.notes,
    ]
    view.tools_added = [tool.name for tool in planned.chosen.tools]
    return Draft(
        view=view,
        evidence=view,
        empty=planned.action == "nothing",
        diff=lambda: _request_lines(view),
        carry_out=lambda: _compose(desk, planned),
    )


def _compose(desk: Desk, planned: VirtualPlan) -> Applied:
    from mcpforge.operations.compose import carry_out

    with opened(desk) as gateway:
        composed = carry_out(gateway, planned)
    return Applied(
        kind="compose",
        project="",
        summary=f"`{planned.composition.name}` is there, clients connect with a gateway token",
        written=[planned.composition.name],
        agents_see=[tool.name for tool in composed.tools],
        url=composed.url,
    )


def _view(kind: Kind, gateway: Gateway, summary: str, requests: Iterable[Any]) -> GatewayPlan:
    return GatewayPlan(
        plan_id=None,
        expires_in=0,
        kind=kind,
        gateway=gateway.url,
        summary=summary,
        requests=[gateway.shown(request) for request in requests],
        tools_added=[],
        tools_changed=[],
        tools_removed=[],
        losses=[],
        notes=[],
    )


def _losses(found: Iterable[Any]) -> list[Loss]:
    return [Loss(server=one.server, tools=sorted(one.tools)) for one in found]


def _refuse_losses(losses: Sequence[Loss]) -> None:
    if losses:
        names = ", ".join(f"`{loss.server}`" for loss in losses)
        raise ForgeError(
            f"Virtual servers would lose tools: {names}",
            hint="Plan again with `allow_losses`, and compose them again afterwards.",
            code="loses_tools",
        )


def _request_lines(view: GatewayPlan) -> list[str]:
    import json

    lines = [f"To {view.gateway}:"]
    for request in view.requests:
        lines.append(f"{request['method']} {request['path']}")
        if "body" in request:
            lines.append(json.dumps(request["body"], indent=2, ensure_ascii=False))
    return lines

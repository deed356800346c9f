"""`mcpforge register`: the plans of its projects carried out at the gateway."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError, GatewayError
from mcpforge.gateway import credentials, settling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.models import Registered, Tool
    from mcpforge.gateway.registration import Action, Loss, ServerPlan
    from mcpforge.operations.register import Item

# A gateway locks out who goes on after some refusals, so no more than this are under way.
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class ToolView:
    """A tool as an agent sees it, and its name at its own server."""

    name: str
    original: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one project."""

    item: Item
    record: Registered | None = None
    tools: tuple[ToolView, ...] = ()
    skipped: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    error: ForgeError | None = None


def carry_out(gateway: Gateway, items: Sequence[Item]) -> list[Outcome]:
    """Apply the plans, some at a time, and return what became of each, in the same order."""
    from concurrent.futures import ThreadPoolExecutor

    if len(items) == 1:  # here, where Ctrl-C ends it at once
        outcomes = [_apply(gateway, items[0])]
    else:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                outcomes = list(pool.map(lambda item: _apply(gateway, item), items))
            except BaseException:
                gateway.stop()  # what is under way ends, nothing else begins
                pool.shutdown(cancel_futures=True)
                raise
    changed = [item for item in items if item.plan and item.plan.action != "nothing"]
    if not any(outcome.record for outcome in outcomes):
        return outcomes
    only = outcomes[0].record.id if len(outcomes) == 1 and outcomes[0].record else ""
    try:
        tools = gateway.tools(only)
    except GatewayError as error:
        return [_unlisted(outcome, error) for outcome in outcomes]
    if changed:
        outcomes = [_settle(gateway, outcome, tools) for outcome in outcomes]
    return [_with_tools(outcome, tools) for outcome in outcomes]


def _apply(gateway: Gateway, item: Item) -> Outcome:
    if item.error or item.plan is None:
        return Outcome(item, error=item.error)
    if item.plan.action == "nothing":
        return Outcome(item, item.plan.actual)
    if item.plan.only_sync:
        return _synced(gateway, item, item.plan)
    try:
        record = settling.apply_plan(gateway, item.plan)
    except ForgeError as error:
        return Outcome(item, error=error)
    credentials.remember(gateway.url, record.id, item.desired.credential)
    return Outcome(item, record, skipped=record.skipped, losses=item.plan.losses)


def _synced(gateway: Gateway, item: Item, plan: ServerPlan) -> Outcome:
    """Let the gateway look for itself; where it finds nothing new, there was nothing to do."""
    assert plan.actual is not None
    try:
        found = settling.sync(gateway, plan.actual)
    except ForgeError as error:
        return Outcome(item, error=error)
    action: Action = "update" if found.changed else "nothing"
    item = replace(item, plan=replace(plan, action=action))
    return Outcome(item, plan.actual, skipped=found.problems, losses=plan.losses)


def _settle(gateway: Gateway, outcome: Outcome, tools: list[Tool]) -> Outcome:
    """Let the gateway list a server again whose tools are not yet those of its code.

    A new one that it lists already is left alone; what it does not list even then is told.
    """
    plan, record = outcome.item.plan, outcome.record
    if record is None or plan is None or plan.action == "nothing" or plan.only_sync:
        return outcome
    mine = [tool for tool in tools if tool.server == record.id]
    blind = plan.blind and (plan.actual is not None or not mine)
    if not blind and not _stale(plan, mine):
        return outcome
    try:
        if plan.actual is None:
            settling.seen(gateway, record)
    except GatewayError as error:
        return replace(outcome, error=error)
    try:
        problems = settling.sync(gateway, record).problems
        fresh = gateway.tools(record.id)
    except GatewayError as error:
        return _unlisted(outcome, error)
    tools[:] = [*(tool for tool in tools if tool.server != record.id), *fresh]
    there = {tool.original for tool in fresh}
    told = (*outcome.skipped, *problems)
    said = {text.partition(":")[0] for text in told}
    silent = tuple(
        f"{name}: the gateway does not list it, and does not say why"
        for name in plan.added
        if name not in there | said
    )
    return replace(outcome, skipped=(*told, *silent))


def _unlisted(outcome: Outcome, error: GatewayError) -> Outcome:
    """Return that a server is registered, but that its tools could not be listed then."""
    if outcome.record is None:
        return outcome
    reason = f"{error.message[:1].lower()}{error.message[1:]}"
    message = f"`{outcome.record.name}` is registered, but {reason}"
    return replace(outcome, error=GatewayError(message, hint=error.hint, code=error.code))


def _stale(plan: ServerPlan, mine: Sequence[Tool]) -> bool:
    names = {tool.original for tool in mine}
    gone = any(name in names for name in plan.removed)
    missing = any(name not in names for name in plan.added)
    return gone or missing or bool(plan.changed)


def _with_tools(outcome: Outcome, tools: Sequence[Tool]) -> Outcome:
    record = outcome.record
    if record is None:
        return outcome
    mine = [tool for tool in tools if tool.server == record.id]
    seen = (ToolView(tool.name, tool.original) for tool in mine if tool.enabled)
    views = sorted(seen, key=lambda one: one.name)
    plan = outcome.item.plan
    told = [f"{name}: {why}" for name, why in (plan.dropped if plan else {}).items()]
    told += [
        f"{tool.original}: the gateway has it switched off" for tool in mine if not tool.enabled
    ]
    said = {text.partition(":")[0] for text in outcome.skipped}
    more = tuple(text for text in told if text.partition(":")[0] not in said)
    kept = {tool.original for tool in mine}
    lost = [replace(one, tools=tuple(set(one.tools) - kept)) for one in outcome.losses]
    return replace(
        outcome,
        tools=tuple(views),
        skipped=(*outcome.skipped, *more),
        losses=tuple(one for one in lost if one.tools),
    )

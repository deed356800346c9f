"""How registrations look to a person, and as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcpforge.gateway.refusals import plain, visible

if TYPE_CHECKING:
    from mcpforge.cli.console import Console
    from mcpforge.gateway.registration import ServerPlan
    from mcpforge.operations.register import Item
    from mcpforge.operations.register_apply import Outcome

_VERBS = {"create": "green", "update": "cyan", "nothing": "dim"}
_DONE = {"create": "Registered", "update": "Updated", "nothing": "Nothing to do:"}


def plan_lines(console: Console, item: Item) -> list[str]:
    """Return what is to be done for one project."""
    if item.error:
        label = console.style(f"{'refused':>8}", "red")
        return [
            f"{label}  {item.desired.name}: {item.error.message}",
            f"          {item.error.hint}",
        ]
    plan = item.plan
    if plan is None:
        return []
    word = "keep" if plan.action == "nothing" else plan.action
    label = console.style(f"{word:>8}", _VERBS[plan.action])
    lines = [f"{label}  {plan.desired.name}  {plan.desired.url}"]
    lines += [
        f"          {one.what}: {plain(one.old) or '(empty)'} → {plain(one.new) or '(empty)'}"
        for one in plan.differences
    ]
    for sign, names in (("+", plan.added), ("~", plan.changed), ("-", plan.removed)):
        lines += [f"          {sign} {visible(name)}" for name in names]
    lines += [f"          left out: {visible(name)}, {why}" for name, why in plan.dropped.items()]
    return lines


def outcome_lines(console: Console, outcome: Outcome) -> list[str]:
    """Return what was done for one project, and its tools as agents see them."""
    name = outcome.item.desired.name
    if outcome.error or outcome.record is None:
        if outcome.item.error or outcome.error is None:
            return []
        return [
            f"{console.style('failed:', 'red')} {outcome.error.message}",
            f"  {outcome.error.hint}",
        ]
    action = outcome.item.plan.action if outcome.item.plan else "nothing"
    rest = " is registered as it should be" if action == "nothing" else ""
    head = console.style(f"{_DONE[action]} `{name}`{rest}", "green", "bold")
    lines = [f"\n{head}", "  Agents see:" if outcome.tools else "  It has no tools"]
    lines += [f"    {tool.name}" for tool in outcome.tools]
    lines += [f"  {console.style('skipped', 'yellow')} {visible(text)}" for text in outcome.skipped]
    if outcome.losses and action != "nothing":
        servers = ", ".join(f"`{loss.server}`" for loss in outcome.losses)
        lines.append(f"  Lost tools: {servers}. Run `mcpforge compose FILE` again for each.")
    return lines


def _plan_data(plan: ServerPlan) -> dict[str, Any]:
    from dataclasses import asdict

    from mcpforge.cli.publishing import losses_data

    return {
        "action": plan.action,
        "differences": [asdict(one) for one in plan.differences],
        "tools": {
            "added": list(plan.added),
            "changed": list(plan.changed),
            "removed": list(plan.removed),
        },
        "left_out": dict(plan.dropped),
        "losses": losses_data(plan.losses),
    }


def item_data(item: Item) -> dict[str, Any]:
    """Return the plan for one project as data."""
    found = {"name": item.desired.name, "url": item.desired.url, "root": str(item.offer.root)}
    return {**found, **(_plan_data(item.plan) if item.plan else {"action": "refused"})}


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """Return what became of one project as data."""
    from mcpforge.cli.publishing import error_data

    return {
        **item_data(outcome.item),
        "id": outcome.record.id if outcome.record else None,
        "visibility": outcome.record.visibility if outcome.record else None,
        "agents_see": [tool.name for tool in outcome.tools],
        "skipped": list(outcome.skipped),
        "error": error_data(outcome.error) if outcome.error else None,
    }

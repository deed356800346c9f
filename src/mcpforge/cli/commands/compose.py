"""`mcpforge compose`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import typer

from mcpforge.cli.publishing import GATEWAY_HELP, INSECURE_HELP, TOKEN_HELP

if TYPE_CHECKING:
    from mcpforge.cli.console import Console
    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.composition import VirtualPlan
    from mcpforge.operations.compose import Composed

NAME = "compose"
_WORDS = {"create": "Created", "update": "Updated", "nothing": "Nothing to do:"}
_STYLES = {"create": "green", "update": "cyan", "nothing": "dim"}


def run(
    context: typer.Context,
    file: str = typer.Argument(..., help="JSON, TOML or YAML with name and servers; - is stdin."),
    gateway: Optional[str] = typer.Option(None, "--gateway", help=GATEWAY_HELP),
    token_file: Optional[str] = typer.Option(None, "--token-file", help=TOKEN_HELP),
    insecure_http: bool = typer.Option(False, "--insecure-http", help=INSECURE_HELP),
    check: bool = typer.Option(False, "--check", help="Connect, list, and call a read-only tool."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show the requests, send none."),
) -> None:
    """Put tools of registered servers together into one virtual server."""
    from mcpforge.cli.publishing import open_gateway, told_if_interrupted
    from mcpforge.operations.compose import carry_out, plan, read_composition

    console: Console = context.obj
    wanted = read_composition(Path(file))
    with open_gateway(console, gateway, token_file, insecure_http=insecure_http) as opened:
        planned = plan(opened, wanted)
        _show(console, planned)
        if dry_run:
            _only_show(console, opened, planned)
            return
        with told_if_interrupted([planned.composition.name]):
            composed = carry_out(opened, planned)
        _tell(console, planned, composed)
        called = _check(console, opened, composed) if check else None
    console.result(
        {
            **_data(planned),
            "id": composed.record.id,
            "url": composed.url,
            "agents_see": [tool.name for tool in composed.tools],
            "check": called,
        }
    )


def _show(console: Console, plan: VirtualPlan) -> None:
    from mcpforge.gateway.refusals import plain

    word = "keep" if plan.action == "nothing" else plan.action
    console.say(f"{console.style(f'{word:>8}', _STYLES[plan.action])}  {plan.composition.name}")
    for one in plan.differences:
        old, new = (plain(text) or "(empty)" for text in (one.old, one.new))
        console.say(f"          {one.what}: {old} → {new}")
    for note in plan.chosen.notes:
        console.say(f"{console.style('note:', 'dim')} {note}")


def _only_show(console: Console, gateway: Gateway, plan: VirtualPlan) -> None:
    from mcpforge.cli.publishing import requests_lines

    requests = [gateway.shown(request) for request in plan.requests()]
    lines = requests_lines(requests)
    console.data("\n".join([f"To {gateway.url}:", *lines] if lines else ["No request"]))
    console.say("\nNothing was sent")
    console.result({**_data(plan), "requests": requests})


def _tell(console: Console, plan: VirtualPlan, composed: Composed) -> None:
    rest = " is as it should be" if plan.action == "nothing" else ""
    head = f"{_WORDS[plan.action]} `{plan.composition.name}`{rest}"
    console.say(f"\n{console.style(head, 'green', 'bold')}")
    console.say("  Agents see:")
    for tool in composed.tools:
        console.say(f"    {tool.name}")
    console.say("  They connect to:")
    console.data(composed.url)


def _check(console: Console, gateway: Gateway, composed: Composed) -> dict[str, Any]:
    from mcpforge.gateway.calls import call_one

    names = [tool.name for tool in composed.tools]
    called = call_one(gateway.access, composed.url, names)
    console.say(f"  {called.sentence}")
    return {"listed": called.listed, "called": called.called}


def _data(plan: VirtualPlan) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "name": plan.composition.name,
        "action": plan.action,
        "differences": [asdict(one) for one in plan.differences],
        "tools": [tool.name for tool in plan.chosen.tools],
        "notes": list(plan.chosen.notes),
    }

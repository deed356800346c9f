"""`mcpforge unregister`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

from mcpforge.cli.publishing import GATEWAY_HELP, INSECURE_HELP, TOKEN_HELP

if TYPE_CHECKING:
    from mcpforge.cli.console import Console
    from mcpforge.gateway.client import Gateway
    from mcpforge.operations.unregister import Plan, Removal

NAME = "unregister"


def run(
    context: typer.Context,
    names: Optional[list[str]] = typer.Argument(
        None, metavar="[NAME]...", help="Names on the gateway, by default this project's."
    ),
    gateway: Optional[str] = typer.Option(None, "--gateway", help=GATEWAY_HELP),
    token_file: Optional[str] = typer.Option(None, "--token-file", help=TOKEN_HELP),
    insecure_http: bool = typer.Option(False, "--insecure-http", help=INSECURE_HELP),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show the requests, send none."),
) -> None:
    """Take servers off the gateway; virtual servers that lose tools are named first."""
    from mcpforge.cli.publishing import open_gateway
    from mcpforge.operations.unregister import plan

    console: Console = context.obj
    wanted = names or [_own_name()]
    with open_gateway(console, gateway, token_file, insecure_http=insecure_http) as opened:
        found = plan(opened, wanted)
        for name in found.missing:
            console.say(f"Nothing to do: `{name}` is not registered at {opened.url}")
        if dry_run:
            _show(console, opened, found)
            done = False
        else:
            _apply(console, opened, found)
            done = True
        _tell(console, opened, found, done=done)


def _own_name() -> str:
    from mcpforge.catalog.installed import load
    from mcpforge.operations.publishing import offer

    return offer(Path.cwd(), load()).name


def _show(console: Console, gateway: Gateway, plan: Plan) -> None:
    from mcpforge.cli.publishing import loss_lines, requests_lines

    for removal in plan.removals:
        console.data("\n".join(requests_lines([gateway.shown(removal.request)])))
        if removal.losses:
            console.say("These virtual servers lose tools:")
            console.say("\n".join(loss_lines(removal.losses)))
    console.say("\nNothing was sent")


def _apply(console: Console, gateway: Gateway, plan: Plan) -> None:
    from mcpforge.cli.publishing import allow_losses, told_if_interrupted
    from mcpforge.operations.unregister import carry_out

    lost = [loss for removal in plan.removals for loss in removal.losses]
    allow_losses(console, lost)

    def tell(removal: Removal) -> None:
        console.say(console.style(f"Unregistered `{removal.server.name}`", "green", "bold"))

    with told_if_interrupted(one.server.name for one in plan.removals):
        carry_out(gateway, plan.removals, tell)
    if lost:
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(loss.server for loss in lost))
        console.say(
            f"{names} lost tools. After registering again, run `mcpforge compose FILE` with the "
            "file of each: a new registration has new ids."
        )


def _tell(console: Console, gateway: Gateway, plan: Plan, *, done: bool) -> None:
    from mcpforge.cli.publishing import losses_data

    console.result(
        {
            "gateway": gateway.url,
            "unregistered": [removal.server.name for removal in plan.removals] if done else [],
            "missing": list(plan.missing),
            "requests": [gateway.shown(removal.request) for removal in plan.removals],
            "losses": losses_data(loss for removal in plan.removals for loss in removal.losses),
        }
    )

"""`mcpforge register`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

from mcpforge.cli.publishing import GATEWAY_HELP, INSECURE_HELP, TOKEN_HELP
from mcpforge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.cli.console import Console
    from mcpforge.gateway.client import Gateway
    from mcpforge.operations.register import Wishes

NAME = "register"


def run(
    context: typer.Context,
    projects: Optional[list[str]] = typer.Argument(
        None, metavar="[DIR]...", help="Projects, by default the one of this folder."
    ),
    url: Optional[str] = typer.Option(
        None, "--url", help="The server's public URL; {name} stands for the project's name."
    ),
    gateway: Optional[str] = typer.Option(None, "--gateway", help=GATEWAY_HELP),
    name: Optional[str] = typer.Option(None, "--name", help="Name on the gateway."),
    tags: Optional[list[str]] = typer.Option(None, "--tag", help="A tag; may be repeated."),
    visibility: Optional[str] = typer.Option(
        None, "--visibility", help="private, team or public; the first two with --team."
    ),
    team: Optional[str] = typer.Option(None, "--team", help="Name or id of the team it is for."),
    token_file: Optional[str] = typer.Option(None, "--token-file", help=TOKEN_HELP),
    upstream_token_file: Optional[str] = typer.Option(
        None,
        "--upstream-token-file",
        help="File with the server's token, else MCPFORGE_UPSTREAM_TOKEN.",
    ),
    upstream_header: Optional[str] = typer.Option(
        None, "--upstream-header", help="Header for that token, in place of a bearer token."
    ),
    upstream_oauth: Optional[str] = typer.Option(
        None, "--upstream-oauth", help="File with OAuth client credentials for the gateway."
    ),
    insecure_http: bool = typer.Option(False, "--insecure-http", help=INSECURE_HELP),
    move: bool = typer.Option(False, "--move", help="Let the name on the gateway get a new URL."),
    preflight: bool = typer.Option(
        True, "--preflight/--no-preflight", help="Look at the server first."
    ),
    check: bool = typer.Option(False, "--check", help="Call a tool through the gateway."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show the requests, send none."),
    start: bool = typer.Option(False, "--start", help="Run the server until Ctrl-C."),
    detach: bool = typer.Option(False, "--detach", help="With --start: leave it running."),
    stop: bool = typer.Option(False, "--stop", help="Stop the server that --detach left."),
    temporary: bool = typer.Option(
        False, "--temporary", help="Unregister at the end of --start, or with --stop."
    ),
) -> None:
    """Register this project's server with a ContextForge gateway, or renew that."""
    from mcpforge.operations.register import Wishes

    console: Console = context.obj
    wishes = Wishes(
        url=url or "",
        name=name or "",
        tags=tuple(tags or ()),
        visibility=visibility or "",
        team=team or "",
        token_file=upstream_token_file or "",
        oauth_file=upstream_oauth or "",
        header=upstream_header or "",
        insecure_http=insecure_http,
        move=move,
        preflight=preflight,
        dry_run=dry_run,
    )
    _check(wishes, projects or [], run=start or stop, end=temporary)
    places = [Path(place) for place in projects or ["."]]
    from mcpforge.cli.publishing import open_gateway
    from mcpforge.cli.registering import Job

    def open_it() -> Gateway:
        return open_gateway(console, gateway, token_file, insecure_http=insecure_http)

    with open_it() as opened:
        job = Job(console, opened, wishes, places, reopen=open_it, check=check)
        if stop:
            job.stop(temporary=temporary)
        elif start and not dry_run:
            job.start(detach=detach, temporary=temporary)
        else:
            job.finish()


def _check(wishes: Wishes, projects: Sequence[str], *, run: bool, end: bool) -> None:
    many = len(projects) > 1
    if many and (wishes.name or (wishes.url and "{name}" not in wishes.url)):
        raise UsageError(
            "Several projects can't have one name or one URL",
            hint="In `--url`, {name} stands for each project's name.",
        )
    if many and run:
        raise UsageError("`--start` and `--stop` are for one project", hint="Name one folder.")
    if end and not run:
        raise UsageError("`--temporary` needs `--start` or `--stop`")

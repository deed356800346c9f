"""`mcpforge register`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import typer

from mcpforge.cli.publishing import GATEWAY_HELP, INSECURE_HELP, TOKEN_HELP
from mcpforge.errors import ExitCode, ForgeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.cli.console import Console
    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.registration import Loss, ServerPlan
    from mcpforge.operations.register import Item, Outcome, Wishes
    from mcpforge.operations.running import Running

NAME = "register"
_VERBS = {"create": "green", "update": "cyan", "nothing": "dim"}
_DONE = {"create": "Registered", "update": "Updated", "nothing": "Nothing to do:"}


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
    """Register this project's server with a ContextForge gateway, or bring it up to date."""
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
    )
    _check(
        wishes, projects or [], run=start or stop, foreground=start and not detach, end=temporary
    )
    places = [Path(place) for place in projects or ["."]]
    from mcpforge.cli.publishing import open_gateway

    with open_gateway(console, gateway, token_file, insecure_http=insecure_http) as opened:
        job = _Job(console, opened, wishes, places, dry_run=dry_run, check=check)
        if stop:
            job.stop(temporary=temporary)
        elif start and not dry_run:
            job.start(detach=detach, temporary=temporary)
        else:
            job.finish()


def _check(
    wishes: Wishes, projects: Sequence[str], *, run: bool, foreground: bool, end: bool
) -> None:
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
    if wishes.visibility in ("private", "team") and not wishes.team:
        raise UsageError(
            f"`--visibility {wishes.visibility}` needs `--team`",
            hint="Without one a gateway makes it public at its next start.",
        )


class _Job:
    """One run of the command: what was asked for, and where to say what came of it."""

    def __init__(  # noqa: PLR0913 - what one run is about
        self,
        console: Console,
        gateway: Gateway,
        wishes: Wishes,
        places: list[Path],
        *,
        dry_run: bool,
        check: bool,
    ) -> None:
        self.console = console
        self.gateway = gateway
        self.wishes = wishes
        self.places = places
        self.dry_run = dry_run
        self.check = check

    def finish(self, running: Running | None = None) -> list[Outcome]:
        """Plan, show, apply, tell; raises where anything failed."""
        from mcpforge.catalog.catalog import load
        from mcpforge.operations.register import carry_out, desire, plan_all

        catalog = load()
        wanted = [desire(place, catalog, self.wishes) for place in self.places]
        for _, desired in wanted:
            if desired.credential:
                self.gateway.keep_secret(*desired.credential.secrets())
        items = plan_all(self.gateway, wanted, self.wishes)
        failed = [item.error for item in items if item.error]
        if len(items) == 1 and failed:
            raise failed[0]
        self._show(items)
        if self.dry_run:
            self._tell_plan(items)
            return []
        self._allow(items)
        outcomes = carry_out(self.gateway, items)
        self._tell(outcomes, running)
        return outcomes

    def start(self, *, detach: bool, temporary: bool) -> None:
        """Run the server, register it, and stay until it ends."""
        from mcpforge.catalog.catalog import load
        from mcpforge.operations.register import desire
        from mcpforge.operations.running import start

        told, desired = desire(self.places[0], load(), self.wishes)
        running = start(told, desired.url, self.console.say)
        if running.already:
            self.console.say(f"`{told.name}` answers already at {desired.url}")
        with running:
            self.finish(running)
            if detach:
                running.leave()
                return
            if running.already:
                return
            self.console.say("Serving until Ctrl-C")
            try:
                running.wait()
            except KeyboardInterrupt:
                self.console.say("\nStopping")
            finally:
                if temporary:
                    self._unregister(told.name)

    def stop(self, *, temporary: bool) -> None:
        """Stop a server that was left running."""
        from mcpforge.catalog.catalog import load
        from mcpforge.operations.publishing import offer
        from mcpforge.operations.running import stop

        told = offer(self.places[0], load())
        stopped = False if self.dry_run else stop(told)
        self.console.say(
            f"Stopped `{told.name}`" if stopped else f"Nothing to do: `{told.name}` does not run"
        )
        if temporary and not self.dry_run:
            self._unregister(told.name)
        self.console.result({"stopped": stopped, "unregistered": temporary and not self.dry_run})

    def _unregister(self, name: str) -> None:
        from mcpforge.operations.unregister import carry_out, plan

        for removal in plan(self.gateway, [self.wishes.name or name]).removals:
            carry_out(self.gateway, removal)
            self.console.say(f"Unregistered `{removal.server.name}`")

    def _show(self, items: Sequence[Item]) -> None:
        for item in items:
            for line in _plan_lines(self.console, item):
                self.console.say(line)

    def _tell_plan(self, items: Sequence[Item]) -> None:
        from mcpforge.cli.publishing import requests_lines

        requests = [
            self.gateway.shown(request)
            for item in items
            if item.plan
            for request in item.plan.requests()
        ]
        lines = requests_lines(requests)
        self.console.data(
            "\n".join([f"To {self.gateway.url}:", *lines] if lines else ["No request"])
        )
        self.console.say("\nNothing was sent")
        self._result({"requests": requests, "plan": [_item_data(item) for item in items]}, items)

    def _allow(self, items: Sequence[Item]) -> None:
        from mcpforge.cli.publishing import allow_losses

        for blind in (False, True):
            plans = [item.plan for item in items if item.plan and item.plan.blind == blind]
            lost: list[Loss] = [loss for plan in plans for loss in plan.losses]
            allow_losses(self.console, lost, sure=not blind)

    def _tell(self, outcomes: Sequence[Outcome], running: Running | None) -> None:
        for outcome in outcomes:
            for line in _outcome_lines(self.console, outcome):
                self.console.say(line)
        errors = [outcome.error for outcome in outcomes if outcome.error]
        if len(outcomes) == 1 and errors:
            raise errors[0]
        calls = self._call(outcomes) if self.check else []
        if len(outcomes) > 1:
            done = len(outcomes) - len(errors)
            self.console.say(f"\n{done} of {len(outcomes)} projects are registered")
        data = {
            "gateway": self.gateway.url,
            "servers": [_outcome_data(outcome) for outcome in outcomes],
            "calls": calls,
            "pid": running.pid if running else None,
        }
        self._result(data, outcomes)

    def _call(self, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
        from mcpforge.gateway.calls import call_one

        names = [[tool.name for tool in outcome.tools] for outcome in outcomes if outcome.record]
        found = []
        for tools in names:
            called = call_one(self.gateway.access, f"{self.gateway.url}/mcp", tools)
            self.console.say(f"  {called.sentence}")
            found.append({"listed": called.listed, "called": called.called})
        return found

    def _result(self, data: dict[str, Any], done: Sequence[Item | Outcome]) -> None:
        from mcpforge.cli.publishing import error_data

        errors = [one.error for one in done if one.error]
        code = errors[0].exit_code if errors else ExitCode.DONE
        self.console.result(
            data,
            exit_code=code,
            status="partial" if errors else "success",
            errors=[error_data(error) for error in errors],
        )
        if errors:
            raise typer.Exit(int(code))


def _plan_lines(console: Console, item: Item) -> list[str]:
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
        f"          {one.what}: {one.old or '(empty)'} → {one.new or '(empty)'}"
        for one in plan.differences
    ]
    for sign, names in (("+", plan.added), ("~", plan.changed), ("-", plan.removed)):
        lines += [f"          {sign} {name}" for name in names]
    lines += [f"          left out: {name}, {why}" for name, why in plan.dropped.items()]
    return lines


def _outcome_lines(console: Console, outcome: Outcome) -> list[str]:
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
    lines += [f"  {console.style('skipped', 'yellow')} {text}" for text in outcome.skipped]
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


def _item_data(item: Item) -> dict[str, Any]:
    found = {"name": item.desired.name, "url": item.desired.url, "root": str(item.offer.root)}
    return {**found, **(_plan_data(item.plan) if item.plan else {"action": "refused"})}


def _outcome_data(outcome: Outcome) -> dict[str, Any]:
    from mcpforge.cli.publishing import error_data

    return {
        **_item_data(outcome.item),
        "id": outcome.record.id if outcome.record else None,
        "visibility": outcome.record.visibility if outcome.record else None,
        "agents_see": [tool.name for tool in outcome.tools],
        "skipped": list(outcome.skipped),
        "error": error_data(outcome.error) if outcome.error else None,
    }

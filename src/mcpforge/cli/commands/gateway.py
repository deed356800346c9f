"""`mcpforge gateway start|stop|status|token`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Optional

import typer

from mcpforge.cli.flags import EPILOG
from mcpforge.errors import ExitCode

if TYPE_CHECKING:
    from mcpforge.cli.console import Console
    from mcpforge.operations.gateway import StartPlan

NAME = "gateway"
DAY = 1440
SAY_EVERY = 15.0

app = typer.Typer(
    help="A local ContextForge to develop against.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class _Waiting:
    """One line that tells how long it takes: rewritten in a terminal, else said now and then."""

    def __init__(self, console: Console) -> None:
        flags = console.flags
        self._console = console
        self._rewrite = sys.stderr.isatty() and not (flags.json or flags.quiet)
        self._shown = False
        self._said = 0.0

    def __call__(self, seconds: float) -> None:
        if self._rewrite:
            sys.stderr.write(f"\r  waiting until it is healthy: {seconds:3.0f} s")
            sys.stderr.flush()
            self._shown = True
        elif seconds - self._said >= SAY_EVERY:
            self._said = seconds
            self._console.say(f"  still waiting after {seconds:.0f} s")

    def end(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@app.command(epilog=EPILOG)
def start(
    context: typer.Context,
    port: Optional[int] = typer.Option(
        None, min=1, max=65535, help="Port on this machine, 4444 if none is given."
    ),
    python: str = typer.Option(
        "", metavar="VERSION|PATH", help="Python to run it on; by default uv finds one."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show the plan, start nothing."),
) -> None:
    """Start it and wait until it is healthy.

    The first start installs it with uv, in an environment of its own. A gateway that runs is left
    as it is.
    """
    from mcpforge.operations import gateway

    console: Console = context.obj
    if dry_run:
        _show_plan(console, gateway.plan_start(port, python))
        return
    waiting = _Waiting(console)
    try:
        started = gateway.start(port, python, gateway.Progress(console.say, waiting))
    finally:
        waiting.end()
    record = started.record
    if started.ended:
        console.say(f"Ended {started.ended} processes that were left of an earlier gateway")
    if started.already:
        console.say("Nothing to do: the gateway runs")
    else:
        console.say(f"{console.style('Healthy', 'green', 'bold')}; its log is `{started.log}`")
    console.data(record.url)
    if not started.already:
        console.say("\nNext:\n  mcpforge register\n  mcpforge gateway stop")
    console.result(
        {
            "url": record.url,
            "pid": record.pid,
            "version": record.version,
            "log": str(started.log),
            "already": started.already,
            "ended": started.ended,
            "written": not started.already,
        }
    )


@app.command(epilog=EPILOG)
def stop(
    context: typer.Context,
    dry_run: bool = typer.Option(False, "--dry-run", help="Show the plan, stop nothing."),
) -> None:
    """Stop it with all its processes.

    Its data and secrets stay for the next start.
    """
    from mcpforge.operations import gateway

    console: Console = context.obj
    found, ended = gateway.stop(dry_run=dry_run)
    if dry_run and (found.alive or found.left):
        console.data(f"end the process group {found.record.pid if found.record else 0}")
        console.say("\nNothing was stopped")
    elif ended:
        console.say(f"Stopped: {ended} processes ended" if ended > 1 else "Stopped")
    elif found.condition == "ended":
        console.say("Nothing to do: the gateway had ended by itself")
    else:
        console.say("Nothing to do: no gateway runs")
    console.result({"was": found.condition, "ended": ended, "written": not dry_run and ended > 0})


@app.command(epilog=EPILOG)
def status(context: typer.Context) -> None:
    """Show whether it runs and is healthy.

    The exit code is 4 when it doesn't or isn't.
    """
    from mcpforge.operations.gateway import report

    console: Console = context.obj
    found = report()
    data: dict[str, Any] = {"state": found.status.condition}
    if (record := found.status.record) and found.status.alive:
        data |= {"url": record.url, "pid": record.pid, "since": _time(record.since)}
        data |= {"version": record.version}
    else:
        data |= {"version": found.version or None}
    log = str(found.state.log) if found.state.log.exists() else None
    data |= {"left": list(found.status.left), "log": log}
    styles = {"running": "green", "stopped": "dim", "starting": "yellow"}
    for name, value in data.items():
        if value not in (None, []):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            style = styles.get(text, "red") if name == "state" else "bold"
            shown = console.style(text, style, err=False) if name == "state" else text
            console.data(f"{name:>8}  {shown}")
    _explain(console, found.status.condition)
    code = ExitCode.DONE if found.status.condition == "running" else ExitCode.GATEWAY
    console.result(data, exit_code=code, status="partial" if code else "success")
    if code:
        raise typer.Exit(int(code))


@app.command(epilog=EPILOG)
def token(
    context: typer.Context,
    minutes: int = typer.Option(60, min=1, max=30 * DAY, help="How long it is good for."),
) -> None:
    """Print a new token for it, and nothing else.

    The token speaks for the gateway's administrator.
    """
    from mcpforge.operations import gateway

    console: Console = context.obj
    made = gateway.token(minutes)
    console.data(made.value)
    if not made.running:
        console.say("The gateway doesn't run now; the token is good once it does")
    console.result({"token": made.value, "expires": _time(made.expires), "url": made.url})


def _show_plan(console: Console, plan: StartPlan) -> None:
    if plan.steps:
        console.data("\n".join(plan.steps))
        console.say("\nNothing was started")
    else:
        console.say("Nothing to do: the gateway runs")
    console.result({"port": plan.port, "steps": plan.steps, "written": False})


def _explain(console: Console, condition: str) -> None:
    said = {
        "stopped": "\n`mcpforge gateway start` starts it",
        "ended": "\nIts process is gone; `mcpforge gateway start` starts it again",
        "starting": "\nIt isn't healthy yet; `mcpforge gateway start` waits for that",
        "unhealthy": "\nIts process runs but doesn't answer; stop it, then start it again",
    }
    if condition in said:
        console.say(said[condition])


def _time(seconds: float) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(int(seconds)).astimezone().isoformat()

"""One run of `mcpforge register`: plan, show, apply, tell; with the server started or not."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from mcpforge.cli.registrations import item_data, outcome_data, outcome_lines, plan_lines
from mcpforge.errors import ExitCode, ForgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mcpforge.cli.console import Console
    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.registration import Loss
    from mcpforge.operations.register import Item, Wishes
    from mcpforge.operations.register_apply import Outcome
    from mcpforge.operations.running import Running


class Job:
    """One run of the command: what was asked for, and where to say what came of it."""

    def __init__(
        self,
        console: Console,
        gateway: Gateway,
        wishes: Wishes,
        places: list[Path],
        *,
        reopen: Callable[[], Gateway],
        check: bool,
    ) -> None:
        """Keep what this run is about; `reopen` opens the gateway anew, with a token of then."""
        self.console = console
        self.gateway = gateway
        self.reopen = reopen
        self.wishes = wishes
        self.places = places
        self.dry_run = wishes.dry_run
        self.check = check

    def finish(self, running: Running | None = None) -> list[Outcome]:
        """Plan, show, apply, tell; raises where anything failed."""
        from mcpforge.catalog.installed import load
        from mcpforge.operations.register import desire, plan_all

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
        outcomes = self._carry_out(items)
        self._tell(outcomes, running)
        return outcomes

    def _carry_out(self, items: Sequence[Item]) -> list[Outcome]:
        from mcpforge.cli.publishing import told_if_interrupted
        from mcpforge.operations.register_apply import carry_out

        changed = [item for item in items if item.plan and item.plan.action != "nothing"]
        with told_if_interrupted(item.desired.name for item in changed):
            return carry_out(self.gateway, items)

    def start(self, *, detach: bool, temporary: bool) -> None:
        """Run the server, register it, and stay until it ends."""
        from mcpforge.catalog.installed import load
        from mcpforge.operations.register import desire
        from mcpforge.operations.running import start

        told, desired = desire(self.places[0], load(), self.wishes)
        with _signals_as_interrupts():
            running = start(told, desired.url, self.console.say)
            if running.already:
                self.console.say(f"`{told.name}` answers already at {desired.url}")
            with running:
                self.finish(running)
                if detach:
                    running.leave()
                elif temporary or not running.already:
                    self._stay(running, desired.name if temporary else "")

    def _stay(self, running: Running, temporary: str) -> None:
        """Wait for the end of a server, or Ctrl-C; then unregister what was `temporary`."""
        self.console.say("Registered until Ctrl-C" if running.already else "Serving until Ctrl-C")
        try:
            running.wait()
        except KeyboardInterrupt:
            self.console.say("\nStopping")
        finally:
            if temporary:
                self._unregister(temporary)

    def stop(self, *, temporary: bool) -> None:
        """Stop a server that was left running."""
        from mcpforge.catalog.installed import load
        from mcpforge.operations.publishing import offer
        from mcpforge.operations.running import stop

        told = offer(self.places[0], load())
        stopped = False if self.dry_run else stop(told)
        self.console.say(
            f"Stopped `{told.name}`" if stopped else f"Nothing to do: `{told.name}` does not run"
        )
        if temporary and not self.dry_run:
            self._unregister(self.wishes.name or told.name)
        self.console.result({"stopped": stopped, "unregistered": temporary and not self.dry_run})

    def _unregister(self, name: str) -> None:
        """Take a server off the gateway; a token from the start may have expired by now."""
        from mcpforge.cli.publishing import loss_lines
        from mcpforge.operations.unregister import carry_out, plan

        try:
            with self.reopen() as gateway:
                removals = plan(gateway, [name]).removals
                carry_out(gateway, removals)
                for removal in removals:
                    self.console.say(f"Unregistered `{removal.server.name}`")
                    if removal.losses:
                        self.console.say("These virtual servers lost tools:")
                        self.console.say("\n".join(loss_lines(removal.losses)))
        except ForgeError as error:
            error.hint = (
                f"`{name}` is still registered; take it off by `mcpforge unregister {name}`. "
                f"{error.hint}"
            )
            raise

    def _show(self, items: Sequence[Item]) -> None:
        for item in items:
            for line in plan_lines(self.console, item):
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
        if any(item.plan and item.plan.blind for item in items):
            self.console.say("Servers were not looked at, so their tools are not in the plan")
        self.console.say("\nNothing was sent")
        self._result({"requests": requests, "plan": [item_data(item) for item in items]}, items)

    def _allow(self, items: Sequence[Item]) -> None:
        from mcpforge.cli.publishing import allow_losses

        for blind in (False, True):
            plans = [item.plan for item in items if item.plan and item.plan.blind == blind]
            lost: list[Loss] = [loss for plan in plans for loss in plan.losses]
            allow_losses(self.console, lost, sure=not blind)

    def _tell(self, outcomes: Sequence[Outcome], running: Running | None) -> None:
        errors = [outcome.error for outcome in outcomes if outcome.error]
        if len(outcomes) == 1 and errors:
            raise errors[0]
        for outcome in outcomes:
            for line in outcome_lines(self.console, outcome):
                self.console.say(line)
        calls = self._call(outcomes) if self.check else []
        if len(outcomes) > 1:
            done = len(outcomes) - len(errors)
            self.console.say(f"\n{done} of {len(outcomes)} projects are registered")
        data = {
            "gateway": self.gateway.url,
            "servers": [outcome_data(outcome) for outcome in outcomes],
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


@contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """Let whoever ends mcpforge, or closes its terminal, end the server too, as Ctrl-C does."""
    import signal

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    kinds = (signal.SIGTERM, signal.SIGHUP)
    before = {kind: signal.getsignal(kind) for kind in kinds}
    for kind in kinds:
        if before[kind] is not signal.SIG_IGN:  # as under nohup
            signal.signal(kind, interrupt)
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)

"""One run of `mcpforge register`: plan, show, apply, tell; with the server started or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from mcpforge.cli.registrations import item_data, outcome_data, outcome_lines, plan_lines
from mcpforge.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mcpforge.cli.console import Console
    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.registration import Loss
    from mcpforge.operations.register import Item, Outcome, Wishes
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
        dry_run: bool,
        check: bool,
    ) -> None:
        """Keep what this run is about."""
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

"""`mcpforge gateway`: start, stop, look at the local ContextForge, and make tokens for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.errors import GatewayError
from mcpforge.gateway import install, local, process, state, tokens

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mcpforge.gateway.local import Status
    from mcpforge.gateway.state import Record, State

_START = "`mcpforge gateway start` starts one."


@dataclass(frozen=True, slots=True)
class Progress:
    """Whom to tell how far a start is: `step` what begins, `waiting` for how long it waits."""

    step: Callable[[str], None]
    waiting: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class StartPlan:
    """What a start would do: nothing where a gateway runs, else make what is missing too."""

    state: State
    port: int
    status: Status
    install: bool = False
    secrets: bool = False

    @property
    def steps(self) -> list[str]:
        """The same, for people."""
        if self.status.alive:
            return []
        return [
            *_clearing(self.status),
            *([f"make secrets in `{self.state.folder}`"] if self.secrets else []),
            *([f"install `{install.REQUIREMENT}` with `uv`"] if self.install else []),
            f"start ContextForge on {state.address(self.port)}",
        ]


@dataclass(frozen=True, slots=True)
class Started:
    """A gateway that runs; `already` before this start, `ended` what was left of an earlier one."""

    record: Record
    log: Path
    already: bool
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The gateway as it is, and what is installed."""

    status: Status
    state: State
    version: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token, its last second, and whether there is a gateway now that takes it."""

    value: str
    expires: int
    url: str
    running: bool


def plan_start(port: int | None, python: str = "") -> StartPlan:
    """Return what a start would do.

    Raises `GatewayError` where another port is asked for than that of a gateway that runs, or where
    another program has the port.
    """
    where = state.find()
    status = local.look(where)
    if status.alive and status.record:
        if port not in (None, status.record.port):
            raise GatewayError(
                f"Your gateway runs on port {status.record.port} already",
                hint="`mcpforge gateway stop` ends it; its data stay.",
                code="other_port",
            )
        return StartPlan(where, status.record.port, status)
    wanted = local.PORT if port is None else port
    if not status.left and process.port_taken(wanted):
        raise _port_in_use(wanted)
    return StartPlan(
        where,
        wanted,
        status,
        install=install.needed(where, python),
        secrets=where.secrets() is None,
    )


def start(port: int | None, python: str, progress: Progress) -> Started:
    """Start the gateway and wait until it is well; one that runs is left as it is.

    Raises `GatewayError` when it can't be, with the reason; no process is left behind then.
    """
    where = state.find()
    with where.lock():
        plan = plan_start(port, python)
        if plan.status.alive and plan.status.record:
            record = plan.status.record
            if plan.status.condition != "running" or not record.ready:
                progress.step(f"Waiting for the gateway on {record.url} …")
                record = local.await_health(where, record, progress.waiting)
            return Started(record, where.log, already=True)
        ended = local.end(where, plan.status)
        if plan.install:
            progress.step("Installing ContextForge, once; this takes a minute …")
            install.install(where, python)
        if process.port_taken(plan.port):
            raise _port_in_use(plan.port)
        version = install.version(where)
        progress.step(f"Starting ContextForge {version} on {state.address(plan.port)} …")
        record = local.launch(where, plan.port, progress.waiting)
        return Started(record, where.log, already=False, ended=ended)


def stop(*, dry_run: bool = False) -> tuple[Status, int]:
    """End every process of the gateway; return what it was and how many processes ended.

    Raises `GatewayError` when one can't be ended.
    """
    where = state.find()
    if dry_run:
        return local.look(where, ask=False), 0
    if where.record() is None and not where.folder.exists():
        return local.look(where, ask=False), 0
    with where.lock():
        found = local.look(where, ask=False)
        return found, local.end(where, found)


def report() -> Report:
    """Return the gateway as it is."""
    where = state.find()
    return Report(local.look(where), where, install.version(where))


def token(minutes: int) -> Token:
    """Return a new token for the gateway; raises `GatewayError` where none was ever started."""
    where = state.find()
    secrets = where.secrets()
    if secrets is None:
        raise GatewayError("No gateway was started here yet", hint=_START, code="no_gateway")
    found = local.look(where, ask=False)
    url = found.record.url if found.record else state.address(local.PORT)
    value = tokens.mint(secrets.jwt_key, state.ADMIN, minutes * 60)
    return Token(value, int(time.time()) + minutes * 60, url, found.alive)


def _clearing(status: Status) -> list[str]:
    if status.condition != "ended":
        return []
    return [f"end {len(status.left)} processes left of an earlier one"] if status.left else []


def _port_in_use(port: int) -> GatewayError:
    if process.healthy(port):
        return GatewayError(
            f"A gateway that mcpforge didn't start listens on port {port} already",
            hint="Use it as it is with a token of its own, or take another port by `--port`.",
            code="port_in_use",
        )
    return GatewayError(
        f"Port {port} is in use by another program",
        hint="End that program, or take another port: `mcpforge gateway start --port 4445`.",
        code="port_in_use",
    )

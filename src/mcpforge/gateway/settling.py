"""The plan for a server on the gateway, applied; and the gateway's own list of it, renewed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.errors import GatewayError
from mcpforge.gateway.models import Request, parse_registered
from mcpforge.gateway.refusals import StatusError, refusal
from mcpforge.gateway.registration import REFRESH, differences

if TYPE_CHECKING:
    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.models import Desired, Registered
    from mcpforge.gateway.registration import ServerPlan

READY_SECONDS = 60.0
_MOST_SYNCS = 3
_MISSING, _BAD_GATEWAY = 404, 502


def apply_plan(gateway: Gateway, plan: ServerPlan) -> Registered:
    """Send what the plan says and return the server as the gateway has it then."""
    if plan.desired.credential:
        gateway.keep_secret(*plan.desired.credential.secrets())
    record = plan.actual
    verb = "register" if plan.actual is None else "update"
    requests = plan.requests()
    for request in requests:
        doing = f"{verb} `{plan.desired.name}` ({plan.desired.url})"
        raw = gateway.send(request, doing)
        if request.method == "PUT" or record is None:
            record = gateway.read(parse_registered, raw, doing)
    assert record is not None
    if requests and requests[-1].method == "PUT" and _lost(plan.desired, record):
        # A sync that removes tools loses the edits of the same request: they are sent once more.
        raw = gateway.send(requests[-1], f"update `{plan.desired.name}`")
        record = gateway.read(parse_registered, raw)
    return await_ready(gateway, record)


def _lost(desired: Desired, record: Registered) -> bool:
    found = differences(desired, record, credential_known=True)
    return any(difference.what in ("name", "description", "tags", "url") for difference in found)


def await_ready(gateway: Gateway, record: Registered) -> Registered:
    """Return the server once a gateway that registers in the background has done so."""
    deadline = time.monotonic() + READY_SECONDS
    while record.status == "pending":
        if time.monotonic() > deadline or record.trouble:
            raise GatewayError(
                f"`{record.name}` is pending: {record.trouble or 'the gateway still tries'}",
                hint="The gateway goes on trying; once the server is up, register again.",
                code="pending",
            )
        time.sleep(1)
        record = seen(gateway, record)
    return record


def seen(gateway: Gateway, record: Registered) -> Registered:
    """Return a server as the gateway has it now; raises `GatewayError` where it lost it."""
    try:
        return gateway.server(record.id)
    except StatusError as error:
        if error.status != _MISSING:
            raise
        raise GatewayError(
            f"The gateway said that `{record.name}` is registered, but it does not have it",
            hint="Several gateways that share no database at this address? Else somebody "
            "unregistered it just now: run the command again.",
            code="gateway_missing",
        ) from None


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of a gateway's listing: what it left out and why, and whether tools changed."""

    problems: tuple[str, ...] = ()
    changed: bool = False


def sync(gateway: Gateway, record: Registered) -> Synced:
    """Let the gateway list a server until nothing changes.

    Raises `GatewayError` where it can't: it answers so with a status of success.
    """
    request = Request("POST", f"/gateways/{record.id}/{REFRESH}")
    found = Synced()
    for _ in range(_MOST_SYNCS):
        raw = gateway.send(request, f"list the tools of `{record.name}`")
        if not isinstance(raw, dict) or not raw.get("success"):
            reason = gateway.said(raw.get("error") if isinstance(raw, dict) else "")
            told = {"message": reason or "it does not say why"}
            doing = f"list the tools of `{record.name}`"
            raise refusal(_BAD_GATEWAY, told, doing, token=True)
        errors = raw.get("validationErrors")
        problems = tuple(map(gateway.said, errors if isinstance(errors, list) else ()))
        moved = any(raw.get(f"tools{what}") for what in ("Added", "Updated", "Removed"))
        found = Synced(problems, found.changed or moved)
        if not moved:
            break
    return found

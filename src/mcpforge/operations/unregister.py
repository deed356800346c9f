"""`mcpforge unregister`: servers leave a gateway, and whom that hurts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.gateway import credentials, registration
from mcpforge.gateway.refusals import StatusError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.models import Registered, Request
    from mcpforge.gateway.registration import Loss

_GONE = 404


@dataclass(frozen=True, slots=True)
class Removal:
    """A server that leaves, and the virtual servers that lose its tools."""

    server: Registered
    losses: tuple[Loss, ...]

    @property
    def request(self) -> Request:
        """What has to be sent."""
        return registration.removal(self.server)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to leave, and which names are not there."""

    removals: tuple[Removal, ...]
    missing: tuple[str, ...]


def plan(gateway: Gateway, names: Sequence[str]) -> Plan:
    """Return what leaves the gateway; nothing is changed."""
    servers = gateway.servers()
    known = [name for name in names if registration.find_server(name, servers)]
    tools = gateway.tools() if known else []
    virtual = gateway.virtual_servers() if known else []
    removals: list[Removal] = []
    for name in known:
        found = registration.plan_removal(name, servers, virtual, tools)
        if found and found[0] not in [removal.server for removal in removals]:
            removals.append(Removal(*found))
    return Plan(tuple(removals), tuple(name for name in names if name not in known))


def carry_out(
    gateway: Gateway,
    removals: Sequence[Removal],
    tell: Callable[[Removal], None] = lambda _removal: None,
) -> None:
    """Unregister servers, one after the other, and tell of each; one that is gone is no error.

    The error of one that can't be says which have left before it.
    """
    left: list[str] = []
    for removal in removals:
        try:
            _unregister(gateway, removal)
        except ForgeError as error:
            if left:
                error.message += f"; unregistered before that: {', '.join(left)}"
            raise
        left.append(f"`{removal.server.name}`")
        tell(removal)


def _unregister(gateway: Gateway, removal: Removal) -> None:
    try:
        gateway.send(removal.request, f"unregister `{removal.server.name}`")
    except StatusError as error:
        if error.status != _GONE:
            raise
    credentials.remember(gateway.url, removal.server.id, None)

"""What `doctor` looks at on the gateway; nothing is changed there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcpforge.errors import ForgeError
from mcpforge.gateway import registration, upstream
from mcpforge.gateway.access import TOKEN_VARIABLE, find_access
from mcpforge.gateway.client import Gateway
from mcpforge.gateway.refusals import StatusError, plain
from mcpforge.gateway.rules import same_url
from mcpforge.operations.checkup import Check
from mcpforge.operations.register import Wishes, desire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.gateway.models import Desired, Registered, Tool
    from mcpforge.operations.checkup import Level

NAME = "gateway"
_NEEDED = ("gateways.read", "gateways.create", "gateways.update", "servers.create", "tools.read")
_OLD = 1


def examine_gateway(root: Path, catalog: Catalog) -> list[Check]:
    """Return whether the gateway can be used, and has the tools that the code has."""
    try:
        access = find_access()
        with Gateway(access) as gateway:
            servers = gateway.servers()
            checks = [*_version(gateway), *_rights(gateway)]
            return [*checks, *_registration(gateway, root, catalog, servers)]
    except ForgeError as error:
        return [Check(NAME, "error", error.message, error.hint)]


def _version(gateway: Gateway) -> Iterator[Check]:
    """Tell the version, which only administrators may read."""
    try:
        raw = gateway.get("/version", "read its version")
    except StatusError:
        yield Check(NAME, "ok", f"`{gateway.url}` answers and takes the token")
        return
    app: Any = raw.get("app") if isinstance(raw, dict) else None
    version = plain(str(app.get("version", ""))) if isinstance(app, dict) else ""
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < _OLD:
        hint = "mcpforge is tried with 1.0.7 and 1.1."
        yield Check(NAME, "warning", f"ContextForge {version} at `{gateway.url}` is old", hint)
    else:
        yield Check(NAME, "ok", f"ContextForge {version or '?'} answers at `{gateway.url}`")


def _rights(gateway: Gateway) -> Iterator[Check]:
    if gateway.access.token is None:
        yield Check(NAME, "warning", "There is no token for the gateway", f"Set {TOKEN_VARIABLE}.")
        return
    try:
        raw = gateway.get("/rbac/my/permissions", "read your permissions")
    except StatusError:
        return
    has = set(raw) if isinstance(raw, list) and all(isinstance(one, str) for one in raw) else {"*"}
    missing = [right for right in _NEEDED if not has & {"*", right, f"{right.split('.')[0]}.*"}]
    if missing:
        names = ", ".join(f"`{right}`" for right in missing)
        hint = "`mcpforge register` will be refused; ask who runs the gateway."
        yield Check("rights", "warning", f"The token lacks {names}", hint)
    else:
        yield Check("rights", "ok", "The token may register and compose")


def _registration(
    gateway: Gateway, root: Path, catalog: Catalog, servers: list[Registered]
) -> list[Check]:
    try:
        _, desired = desire(root, catalog, Wishes())
    except ForgeError as error:
        return [Check("registration", "warning", error.message, error.hint)]
    found = registration.find_server(desired.name, servers)
    if found is None:
        hint = "`mcpforge register` does that."
        return [Check("registration", "warning", f"`{desired.name}` is not registered", hint)]
    state = "" if found.enabled and found.reachable else ", but off or marked as unreachable"
    level: Level = "warning" if state else "ok"
    told = Check(
        "registration",
        level,
        f"`{desired.name}` is registered with `{found.url}`{state}",
        "`mcpforge register` once its server is up.",
    )
    return [told, *_tools(desired, found, gateway.tools(found.id))]


def _tools(desired: Desired, found: Registered, tools: list[Tool]) -> Iterator[Check]:
    """Compare with what the running server offers."""
    # The address is the gateway's word: nobody else's server gets this one's credential.
    credential = desired.credential if same_url(found.url, desired.url) else None
    (look,) = upstream.look([(found.url, credential)])
    if isinstance(look, ForgeError):
        yield Check("tools", "warning", f"Can't be compared: {look.message}", look.hint)
        return
    plan = registration.plan_server(desired, found, look, tools, credential_known=True)
    stale = [*(f"+{name}" for name in plan.added), *(f"~{name}" for name in plan.changed)]
    stale += [f"-{name}" for name in plan.removed]
    if stale:
        names = ", ".join(f"`{name}`" for name in stale)
        hint = "`mcpforge register` brings them up to date."
        yield Check("tools", "warning", f"The gateway's tools are not the server's: {names}", hint)
    else:
        yield Check("tools", "ok", f"The gateway has the server's {len(tools)} tools")

"""A look at a server before it is registered, so that an error names its cause."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mcpforge.errors import GatewayError
from mcpforge.gateway.connections import advice, opened
from mcpforge.gateway.refusals import plain, visible, why
from mcpforge.gateway.rules import slug, why_dropped
from mcpforge.gateway.transports import transport_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2

    from mcpforge.gateway.models import Credential

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
_AT_ONCE = 8
_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "mcpforge", "version": "1"},
    },
}
_OK, _REDIRECT, _ERROR = 200, 300, 400
_REFUSED, _MISDIRECTED, _MISSING = (401, 403), 421, 404


@dataclass(frozen=True, slots=True)
class UpstreamTool:
    """A tool as the server itself offers it."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a server offers, and what of it the gateway would leave out, with the reasons."""

    tools: tuple[UpstreamTool, ...]
    dropped: Mapping[str, str]

    @property
    def kept(self) -> tuple[UpstreamTool, ...]:
        """The tools that the gateway takes."""
        return tuple(tool for tool in self.tools if tool.name not in self.dropped)


def look(
    targets: Sequence[tuple[str, Credential | None]],
) -> list[Upstream | GatewayError]:
    """Return for each URL what its server offers to whoever has the credential, or the error."""
    import asyncio

    async def all_of_them() -> list[Upstream | GatewayError]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(url: str, credential: Credential | None) -> Upstream | GatewayError:
            async with gate:
                try:
                    return await _look(url, credential)
                except GatewayError as error:
                    return error

        return await asyncio.gather(*(one(url, credential) for url, credential in targets))

    return asyncio.run(all_of_them())


def listens(url: str) -> bool:
    """Say whether anything listens where a URL leads to."""
    import socket

    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=CONNECT_SECONDS):
            return True
    except OSError:
        return False


async def _look(url: str, credential: Credential | None) -> Upstream:
    headers = credential.headers() if credential else {}
    secrets = credential.secrets() if credential else []
    await _resolve(url)
    await _greet(url, headers, secrets)
    tools = await _list(url, headers, secrets)
    _refuse_twins(url, tools)
    dropped = {tool.name: why_dropped(tool.name, tool.description) for tool in tools}
    return Upstream(tools, {name: reason for name, reason in dropped.items() if reason})


async def _resolve(url: str) -> None:
    import asyncio

    host = urlsplit(url).hostname or ""
    try:
        await asyncio.get_running_loop().getaddrinfo(host, None)
    except (OSError, UnicodeError):
        raise GatewayError(
            f"The host of `{url}` is unknown: there is no address for `{host}`",
            hint="Check `--url`; `--no-preflight` leaves the look to the gateway, which may "
            "know other names.",
            code="upstream_dns",
        ) from None


async def _greet(url: str, headers: Mapping[str, str], secrets: list[str]) -> None:
    """Say hello over plain HTTP, where a refusal still has its status."""
    import httpx2

    accepted = {"Accept": "application/json, text/event-stream", **headers}
    timeout = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    try:
        async with (
            opened(httpx2.AsyncClient, url, timeout=timeout) as client,
            client.stream("POST", url, json=_HELLO, headers=accepted) as answer,
        ):
            if answer.status_code != _OK:
                raise _refused(url, answer, bool(headers))
            session = answer.headers.get("mcp-session-id")
            if session:
                await client.delete(url, headers={**headers, "Mcp-Session-Id": session})
    except httpx2.TimeoutException:
        raise _silent(url) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise _down(url, why(error, secrets), advice(url, error)) from None


def _silent(url: str) -> GatewayError:
    return GatewayError(
        f"`{url}` accepts connections but does not answer within {ANSWER_SECONDS:.0f} s",
        hint="Look at the server's log; is another program at that port?",
        code="upstream_slow",
    )


def _down(url: str, reason: str, help_: str) -> GatewayError:
    port = urlsplit(url).port or 80
    return GatewayError(
        f"No server answers at `{url}`: {reason}",
        hint=help_
        or f"Start it, as with `uv run NAME --transport http --port {port}`, or let "
        "`mcpforge register --start` do that; `--url` names another address.",
        code="upstream_down",
    )


def _refused(url: str, answer: httpx2.Response, shown: bool) -> GatewayError:  # noqa: FBT001
    status = answer.status_code
    if _REDIRECT <= status < _ERROR:
        location = answer.headers.get("location", "")
        return GatewayError(
            f"`{url}` redirects to `{plain(location)}`, and the gateway does not follow",
            hint="Give the final address by `--url`.",
            code="upstream_redirect",
        )
    if status in _REFUSED:
        return _unauthorized(url, status, shown=shown)
    if status == _MISDIRECTED:
        host = urlsplit(url).hostname
        return GatewayError(
            f"`{url}` answers 421: its host guard does not know the host `{host}`",
            hint=f"Add `{host}` to the server's setting ALLOWED_HOSTS and start it again.",
            code="upstream_host",
        )
    where = "Is the path right? A FastMCP server answers at `/mcp`."
    return GatewayError(
        f"`{url}` is no MCP server over streamable HTTP: it answers HTTP {status}",
        hint=where if status == _MISSING else f"Look at the server's log. {where}",
        code="upstream_not_mcp",
    )


def _unauthorized(url: str, status: int, *, shown: bool) -> GatewayError:
    what = "does not accept the token that was given" if shown else "wants a token"
    return GatewayError(
        f"The server at `{url}` {what} (HTTP {status})",
        hint="Set `MCPFORGE_UPSTREAM_TOKEN`, or name a file with `--upstream-token-file`; "
        "a server with bearer tokens makes one by `uv run NAME token new`.",
        code="upstream_token",
    )


async def _list(
    url: str, headers: Mapping[str, str], secrets: list[str]
) -> tuple[UpstreamTool, ...]:
    """List the tools as every client does."""
    from fastmcp import Client

    try:
        async with Client(
            transport_to(url, headers), timeout=ANSWER_SECONDS, init_timeout=ANSWER_SECONDS
        ) as client:
            found = await client.list_tools()
    except Exception as error:
        reason = plain(str(error), secrets) or type(error).__name__
        raise GatewayError(
            f"`{url}` answers, but a client can't list its tools: {reason}",
            hint="Is it an MCP server over streamable HTTP? Try `fastmcp list URL`.",
            code="upstream_not_mcp",
        ) from None
    return tuple(
        UpstreamTool(tool.name, tool.description or "", tool.input_schema) for tool in found
    )


def _refuse_twins(url: str, tools: Sequence[UpstreamTool]) -> None:
    seen: dict[str, str] = {}
    for tool in tools:
        other = seen.setdefault(slug(tool.name), tool.name)
        if other != tool.name:
            raise GatewayError(
                f"The tools `{visible(other)}` and `{visible(tool.name)}` of `{url}` are one name "
                "to the gateway",
                hint="Rename one: it makes `-` of every other character, and takes neither.",
                code="upstream_tools",
            )

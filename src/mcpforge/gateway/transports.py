"""How a real MCP client connects: with headers of ours, and never to another host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcpforge.gateway.connections import opened

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2
    from fastmcp.client.transports import StreamableHttpTransport


_LIBRARIES = ("mcp", "fastmcp")


def transport_to(url: str, headers: Mapping[str, str]) -> StreamableHttpTransport:
    """Return a transport that sends these headers to this URL and follows no redirect."""
    import httpx2
    from fastmcp.client.transports import StreamableHttpTransport

    def client(
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
        **_: Any,
    ) -> httpx2.AsyncClient:
        return opened(
            httpx2.AsyncClient,
            url,
            headers=headers,
            timeout=timeout or httpx2.Timeout(30.0),
            auth=auth,
            follow_redirects=False,
        )

    _mute()
    return StreamableHttpTransport(url, headers=dict(headers), httpx_client_factory=client)


def _mute() -> None:
    """Keep what the client's libraries log, tracebacks among it, from a terminal.

    What goes wrong is raised as well. Where a program listens to logs, it goes on hearing these.
    """
    import logging

    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())

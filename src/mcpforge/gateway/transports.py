"""How a real MCP client connects: with headers of ours, and never to another host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mcpforge.gateway.access import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2
    from fastmcp.client.transports import StreamableHttpTransport


def transport_to(url: str, headers: Mapping[str, str]) -> StreamableHttpTransport:
    """Return a transport that sends these headers to this URL and follows no redirect."""
    import httpx2
    from fastmcp.client.transports import StreamableHttpTransport

    secure = urlsplit(url).scheme == "https"

    def client(
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
        **_: Any,
    ) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers=headers,
            timeout=timeout or httpx2.Timeout(30.0),
            auth=auth,
            follow_redirects=False,
            verify=secure,
            trust_env=secure and not is_loopback(url),
        )

    return StreamableHttpTransport(url, headers=dict(headers), httpx_client_factory=client)

"""The limit per address, in front of the whole HTTP app: before any token is checked."""

from ipaddress import ip_network
from typing import Any, cast

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ..settings import Settings
from .limiter import Limiter, LimiterUnavailableError

EXEMPT = frozenset({"/health", "/ready"})  # probes come often and from one address


class AddressLimitMiddleware:
    """Answers 429 with `Retry-After` to an address that asks too often."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        """Count what the settings allow."""
        self.app = app
        self._limiter = Limiter(settings.address_limit, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] == "lifespan":
            try:
                await self.app(scope, receive, send)
            finally:
                await self._limiter.aclose()
            return
        if scope["type"] == "http" and scope["path"] not in EXEMPT:
            refusal = await self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _refusal(self, scope: Scope) -> JSONResponse | None:
        client = scope.get("client")
        try:
            wait = await self._limiter.wait("address", client[0] if client else "unknown")
        except LimiterUnavailableError:
            return JSONResponse({"error": "rate_limiter_unavailable"}, status_code=503)
        if not wait:
            return None
        return JSONResponse(
            {"error": "rate_limited", "retry_after": wait},
            status_code=429,
            headers={"Retry-After": str(wait)},
        )


def check_proxies(settings: Settings) -> None:
    """Refuse to start with a proxy that nobody could be, or that everybody would be."""
    for proxy in settings.trusted_proxies:
        try:
            ip_network(proxy)
        except ValueError:
            raise SystemExit(
                f"EVERYTHING_SERVER_TRUSTED_PROXIES: {proxy!r} is no address or network.",
            ) from None


def believe_proxies(app: ASGIApp, *, proxies: list[str]) -> ASGIApp:
    """Put the client's address in the place of the proxy's, told by these and by nobody else."""
    # uvicorn has types of its own for the same protocol
    return cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", app), trusted_hosts=proxies))

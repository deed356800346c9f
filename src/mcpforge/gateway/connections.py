"""How HTTP connections to a gateway or a server are made, and what helps when one fails.

A proxy of the environment is used for https alone and never on this machine: of plain http it would
see the token. Certificates come from the environment (`SSL_CERT_FILE`) or the machine.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from mcpforge.errors import GatewayError
from mcpforge.gateway.access import is_loopback
from mcpforge.gateway.refusals import plain

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    import httpx2

_T = TypeVar("_T")
_MOST_BYTES = 64 * 2**20
_PROXIES = ("https", "all")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers by any case of their names, and the body."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def opened(client: Callable[..., _T], url: str, **options: Any) -> _T:
    """Return an httpx2 client, of either kind, for the host of a URL.

    Raises `GatewayError` where the environment names certificates or a proxy that can't be used.
    """
    import httpx2

    secure = urlsplit(url).scheme == "https"
    verify: ssl.SSLContext | bool = False  # certificates take time to load
    if secure:
        try:
            verify = httpx2.create_ssl_context()
        except OSError as error:  # an SSLError is one
            reason = plain(error.strerror or str(error)).lower()
            raise GatewayError(
                f"The certificates that the environment names can't be read: {reason}",
                hint="Look at `SSL_CERT_FILE` and `SSL_CERT_DIR`.",
                code="certificates",
            ) from None
    try:
        return client(verify=verify, trust_env=secure and not is_loopback(url), **options)
    except (ImportError, ValueError, httpx2.InvalidURL):
        raise GatewayError(
            "The proxy that the environment names can't be used",
            hint="Look at `HTTPS_PROXY` and `ALL_PROXY`: it is an HTTP proxy such as "
            "`http://proxy.example:3128`; hosts in `NO_PROXY` are asked directly.",
            code="proxy",
        ) from None


def ask(client: httpx2.Client, method: str, url: str, body: Any, query: Any = None) -> Answer:
    """Send a request and return the whole answer; redirects are not followed.

    Raises `httpx2.HTTPError` where it fails or comes too slowly, `GatewayError` for a body without
    an end.
    """
    import httpx2

    seconds = client.timeout.read or 0.0
    deadline = time.monotonic() + seconds
    request = client.build_request(method, url, json=body, params=query)
    answer = client.send(request, stream=True)
    found = bytearray()
    try:
        for chunk in answer.iter_bytes():
            found += chunk
            if len(found) > _MOST_BYTES:
                raise GatewayError(
                    f"`{plain(url)}` answers with more than {_MOST_BYTES // 2**20} MB",
                    hint="Is this the address of a ContextForge?",
                    code="gateway_answer",
                )
            if time.monotonic() > deadline:
                raise httpx2.ReadTimeout("The answer has no end", request=request)
    finally:
        answer.close()
    return Answer(answer.status_code, answer.headers, bytes(found))


def advice(url: str, error: Exception) -> str:
    """Return a hint for a connection to a URL that failed over TLS or a proxy, or nothing."""
    import ssl

    cause: BaseException | None = error
    while cause and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            "Its certificate is not for this address, or of an authority that this machine does "
            "not know: name the authority's file by `SSL_CERT_FILE`."
        )
    if cause:
        return "Is it plain http at that port? Then the URL begins with `http://`."
    if _proxied(url):
        return (
            "It was asked through the proxy of `HTTPS_PROXY` or `ALL_PROXY`; hosts in `NO_PROXY` "
            "are asked directly."
        )
    return ""


def _proxied(url: str) -> bool:
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    if parts.scheme != "https" or is_loopback(url):
        return False
    found = getproxies()
    return any(found.get(kind) for kind in _PROXIES) and not proxy_bypass(parts.netloc)

"""One pooled HTTP client for one service: time-outs, retries and a circuit breaker."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from fastmcp import Context, FastMCP
from fastmcp.dependencies import CurrentContext
from fastmcp.server.lifespan import Lifespan, lifespan
from httpx2 import AsyncHTTPTransport
from pybreaker import CircuitBreaker, CircuitBreakerError
from pydantic import BaseModel
from tenacity import (
    AsyncRetrying,
    before_sleep_log,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from .settings import Settings

logger = logging.getLogger(__name__)

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BYTES = 5_000_000
MAX_PAUSE = 10.0
PATH = re.compile(r"[\w~.-]+(/[\w~.-]+)*/?", re.ASCII)


class CircuitOpenError(httpx2.RequestError):
    """The service failed too often and is left alone for now."""


class UpstreamError(Exception):
    """The service gave no usable answer; the text is fit for clients."""


class Document(BaseModel):
    """What the service answered; JSON is parsed."""

    media_type: str
    content: Any


class ResilientTransport(httpx2.AsyncBaseTransport):
    """Repeats what is safe to repeat, and spares a service that keeps failing.

    An answer with a status of 5xx is a failure like a lost connection: it raises HTTPStatusError.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, settings: Settings) -> None:
        """Wrap the transport that does the work."""
        self._inner = inner
        self._breaker = CircuitBreaker(
            fail_max=settings.http_breaker_failures,
            reset_timeout=settings.http_breaker_seconds,
            exclude=[asyncio.CancelledError],
            throw_new_error_on_trip=False,
        )
        self._retrying = AsyncRetrying(
            stop=stop_after_attempt(1 + settings.http_retries),
            wait=wait_random_exponential(multiplier=settings.http_backoff, max=MAX_PAUSE),
            retry=retry_if_exception_type((httpx2.TransportError, httpx2.HTTPStatusError)),
            before_sleep=before_sleep_log(logger, logging.WARNING),
            reraise=True,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request, again if need be."""
        if request.method in REPEATABLE:
            return await self._retrying(self._send, request)
        return await self._send(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            with self._breaker.calling():
                response = await self._inner.handle_async_request(request)
                if response.is_server_error:
                    await response.aclose()
                    raise httpx2.HTTPStatusError(
                        f"The service answered {response.status_code}",
                        request=request,
                        response=response,
                    )
                return response
        except CircuitBreakerError:
            raise CircuitOpenError("The service is left alone", request=request) from None


def build_http_client(settings: Settings) -> httpx2.AsyncClient:
    """Return a new client; it belongs to the event loop that first uses it."""
    limits = httpx2.Limits(max_connections=settings.http_max_connections)
    return httpx2.AsyncClient(
        base_url=settings.http_base_url,
        timeout=settings.http_timeout,
        transport=ResilientTransport(AsyncHTTPTransport(limits=limits), settings),
    )


def http_client_lifespan(settings: Settings) -> Lifespan:
    """Open the client with the server, and close it at the end."""

    @lifespan
    async def open_client(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        async with build_http_client(settings) as client:
            yield {"http_client": client}

    return open_client


@asynccontextmanager
async def get_http_client(
    context: Context = CurrentContext(),
) -> AsyncGenerator[httpx2.AsyncClient]:
    """Give the client. Use as `client: httpx2.AsyncClient = Depends(get_http_client)`."""
    client = context.lifespan_context["http_client"]
    assert isinstance(client, httpx2.AsyncClient)
    yield client  # returned, it would be opened again and closed after the call


async def read_document(client: httpx2.AsyncClient, path: str) -> Document:
    """Get JSON or text from a path below the base URL; a path never leads anywhere else."""
    if not PATH.fullmatch(path) or ".." in path.split("/"):
        raise UpstreamError("The path must be relative, without `..`, query or escapes.")
    try:
        async with client.stream("GET", path) as response:
            response.raise_for_status()
            body = await _read(response)
    except httpx2.HTTPStatusError as error:
        raise UpstreamError(f"The service answered {error.response.status_code}.") from error
    except httpx2.TimeoutException as error:
        raise UpstreamError("The service took too long to answer.") from error
    except CircuitOpenError as error:
        raise UpstreamError("The service keeps failing: try again later.") from error
    except httpx2.HTTPError as error:
        raise UpstreamError("The service can't be reached.") from error
    return _parse(response, body)


async def _read(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise UpstreamError(f"The answer is larger than {MAX_BYTES} bytes.")
    return bytes(body)


def _parse(response: httpx2.Response, body: bytes) -> Document:
    media_type = response.headers.get("content-type", "text/plain").split(";")[0].strip().lower()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not is_json and not media_type.startswith("text/"):
        raise UpstreamError("The answer is neither JSON nor text.")
    try:
        if is_json:
            return Document(media_type=media_type, content=json.loads(body))
        text = body.decode(response.encoding or "utf-8", errors="replace")
    except ValueError as error:
        raise UpstreamError("The answer is not valid JSON.") from error
    return Document(media_type=media_type, content=text)

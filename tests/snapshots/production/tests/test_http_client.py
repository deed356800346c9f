"""The HTTP client against services that fail, are slow, or answer nonsense."""

import asyncio
import socket
from contextlib import nullcontext

import httpx2
import pytest
from fastmcp import FastMCP

from production_server import http_client
from production_server.settings import Settings, load_settings


class Service:
    """Gives the prepared answers one after the other; the last one for ever."""

    def __init__(self, *answers: httpx2.Response | BaseException) -> None:
        """Take the answers."""
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def client(self, monkeypatch: pytest.MonkeyPatch, **settings: float) -> httpx2.AsyncClient:
        """Return the real client on top of this service."""
        transport = httpx2.MockTransport(self)
        monkeypatch.setattr(http_client, "AsyncHTTPTransport", lambda **_: transport)
        return http_client.build_http_client(Settings().model_copy(update=settings))

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)


OK = httpx2.Response(200, text="fine")
FAILED = httpx2.Response(503)


@pytest.mark.parametrize(
    "failure",
    [FAILED, httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow")],
)
async def test_a_failure_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
    failure: httpx2.Response | BaseException,
) -> None:
    service = Service(failure, failure, OK)
    async with service.client(monkeypatch) as client:
        assert (await client.get("status")).text == "fine"
    assert len(service.requests) == 3


async def test_repeats_end(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(FAILED)
    async with service.client(monkeypatch, http_retries=1) as client:
        with pytest.raises(httpx2.HTTPStatusError, match="503"):
            await client.get("status")
    assert len(service.requests) == 2


async def test_what_may_have_had_an_effect_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Service(FAILED, OK)
    async with service.client(monkeypatch) as client:
        with pytest.raises(httpx2.HTTPStatusError):
            await client.post("orders")
    assert len(service.requests) == 1


async def test_an_error_of_ours_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(httpx2.Response(404))
    async with service.client(monkeypatch) as client:
        assert (await client.get("missing")).status_code == 404
    assert len(service.requests) == 1


async def test_breaker_opens_and_closes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(FAILED, FAILED, OK)
    settings = {"http_retries": 0, "http_breaker_failures": 2, "http_breaker_seconds": 0.2}
    async with service.client(monkeypatch, **settings) as client:
        for _ in range(2):
            with pytest.raises(httpx2.HTTPStatusError):
                await client.get("status")
        with pytest.raises(http_client.CircuitOpenError):
            await client.get("status")
        with pytest.raises(http_client.UpstreamError, match="try again later"):
            await http_client.read_document(client, "status")
        assert len(service.requests) == 2  # nothing was sent since
        await asyncio.sleep(0.3)
        assert (await client.get("status")).text == "fine"
        assert (await client.get("status")).text == "fine"


async def test_breaker_ends_the_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(FAILED)
    async with service.client(monkeypatch, http_retries=9, http_breaker_failures=3) as client:
        with pytest.raises(http_client.CircuitOpenError):
            await client.get("status")
    assert len(service.requests) == 3


async def test_a_cancelled_request_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(asyncio.CancelledError(), OK)
    async with service.client(monkeypatch, http_breaker_failures=1) as client:
        with pytest.raises(asyncio.CancelledError):
            await client.get("status")
        assert (await client.get("status")).text == "fine"


async def test_time_out_of_a_service_that_says_nothing(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        update = {"http_base_url": url, "http_timeout": 0.05, "http_retries": 1}
        async with http_client.build_http_client(settings.model_copy(update=update)) as client:
            with pytest.raises(http_client.UpstreamError, match="took too long"):
                await http_client.read_document(client, "status")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx2.Response(404), "answered 404"),
        (httpx2.Response(302, headers={"location": "http://evil.example"}), "answered 302"),
        (httpx2.Response(200, content=b"\x89", headers={"content-type": "image/png"}), "neither"),
        (httpx2.Response(200, text="{", headers={"content-type": "application/json"}), "not valid"),
        (httpx2.Response(200, text="x" * 11), "larger than 10 bytes"),
        (httpx2.ConnectError("refused"), "can't be reached"),
    ],
)
async def test_unusable_answers(
    monkeypatch: pytest.MonkeyPatch,
    answer: httpx2.Response | BaseException,
    reason: str,
) -> None:
    monkeypatch.setattr(http_client, "MAX_BYTES", 10)
    async with Service(answer).client(monkeypatch) as client:
        with pytest.raises(http_client.UpstreamError, match=reason):
            await http_client.read_document(client, "status")


@pytest.mark.parametrize(
    "path",
    ["", "/etc", "//evil.example", "http://evil.example", "a/../b", "..", "a?b", "%2e%2e", "a//b"],
)
async def test_paths_lead_nowhere_else(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    service = Service(OK)
    async with service.client(monkeypatch) as client:
        with pytest.raises(http_client.UpstreamError, match="must be relative"):
            await http_client.read_document(client, path)
    assert not service.requests


async def test_client_lives_as_long_as_the_server(settings: Settings, server: FastMCP) -> None:
    async with http_client.http_client_lifespan(settings)(server) as state:
        client = state["http_client"]
        assert not client.is_closed
    assert client.is_closed


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://service.example:8443/v1", True),
        ("http://[::1]:8000", True),
        ("http://[::1", False),
        ("https://user@service.example", False),
        ("https://service.example/v1?key=1", False),
        ("https://two words.example", False),
    ],
)
async def test_the_base_url_is_checked_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    good: bool,
) -> None:
    monkeypatch.setenv("PRODUCTION_SERVER_HTTP_BASE_URL", url)
    with nullcontext() if good else pytest.raises(SystemExit, match="HTTP_BASE_URL"):
        await http_client.build_http_client(load_settings()).aclose()

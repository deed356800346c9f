"""Liveness and readiness over HTTP."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import pytest
from fastmcp.utilities.tests import ASGIServer

from everything_server import __version__
from everything_server.routes import health
from everything_server.settings import Settings
from everything_server.web import create_app


async def good(_state: Mapping[str, Any]) -> None:
    """Pass."""


async def bad(_state: Mapping[str, Any]) -> None:
    raise ConnectionError("postgresql://user:secret@db is down")


async def slow(_state: Mapping[str, Any]) -> None:
    await asyncio.sleep(60)


async def get(http: ASGIServer, path: str) -> tuple[int, dict[str, Any]]:
    async with http.http_client() as raw:
        response = await raw.get(path)
    assert response.headers["cache-control"] == "no-store"
    content: dict[str, Any] = response.json()
    return response.status_code, content


async def test_health_shows_the_version_and_nothing_else(http: ASGIServer) -> None:
    assert await get(http, "/health") == (200, {"status": "healthy", "version": __version__})


async def test_not_ready_before_the_start(settings: Settings) -> None:
    app = create_app(settings)
    http = ASGIServer(url="http://127.0.0.1:8000/mcp", app=app, transport_type="http")
    assert (await get(http, "/health"))[0] == 200
    assert await get(http, "/ready") == (503, {"status": "starting"})


async def test_ready_when_every_check_passes(
    http: ASGIServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Mapping[str, Any]] = []

    async def look(state: Mapping[str, Any]) -> None:
        seen.append(state)

    monkeypatch.setattr(health, "CHECKS", {"look": look, "good": good})
    assert await get(http, "/ready") == (200, {"status": "ready"})
    assert "settings" in seen[0]


async def test_failing_checks_are_named_without_their_reason(
    http: ASGIServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(health, "CHECKS", {"good": good, "database": bad})
    with caplog.at_level(logging.WARNING):
        answer = await get(http, "/ready")
    assert answer == (503, {"status": "unavailable", "failing": ["database"]})
    assert "Not ready: database" in caplog.text


async def test_checks_run_together_and_have_a_time_limit() -> None:
    started = time.perf_counter()
    failing = await health.run_checks({"a": slow, "b": slow, "c": good}, {}, 0.2)
    assert failing == ["a", "b"]
    assert time.perf_counter() - started < 0.38


async def test_a_foreign_host_is_refused(http: ASGIServer) -> None:
    async with http.http_client(headers={"Host": "evil.example"}) as raw:
        assert (await raw.get("/health")).status_code == 421

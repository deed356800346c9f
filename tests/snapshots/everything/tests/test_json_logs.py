"""JSON log lines and the ids of requests."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fastmcp.utilities.tests import ASGIServer
from pydantic import SecretStr
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from everything_server.json_logs import JsonFormatter, log_json
from everything_server.logs import LOUD, configure_logging
from everything_server.request_id import RequestIdMiddleware
from everything_server.settings import Settings

logger = logging.getLogger("example")


@pytest.fixture
def lines(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Log as the server does, into memory."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    level = root.level
    for each in (root, *map(logging.getLogger, LOUD)):  # what configure_logging changes
        monkeypatch.setattr(each, "handlers", [])
        monkeypatch.setattr(each, "propagate", each.propagate)
    configure_logging(settings)
    log_json()
    yield stream
    root.setLevel(level)


def parse(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines, but for what event loops and other threads say at DEBUG meanwhile."""
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in found if line["level"] != "DEBUG"]


def access_record(path: str) -> logging.LogRecord:
    args = ("127.0.0.1:5000", "GET", path, "1.1", 200)
    return logging.LogRecord("uvicorn.access", logging.INFO, "", 0, "%s %s %s %s %s", args, None)


def test_a_line_is_one_object(lines: io.StringIO) -> None:
    logger.warning("two\nlines for %s", "Zoë", extra={"user": "u1", "key": SecretStr("hidden")})
    (line,) = parse(lines)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "example",
        "message": "two\nlines for Zoë",
        "user": "u1",
        "key": "**********",
    }


def test_an_extra_replaces_nothing(lines: io.StringIO) -> None:
    logger.warning("text", extra={"level": "none", "time": "never"})
    (line,) = parse(lines)
    assert line["level"] == "WARNING"
    assert line["time"] != "never"


def test_an_exception_stays_in_its_line(lines: io.StringIO) -> None:
    try:
        raise ValueError("no\nluck")
    except ValueError:
        logger.exception("failed", stack_info=True)
    (line,) = parse(lines)
    assert line["message"] == "failed"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: no\nluck")
    assert line["stack"].startswith("Stack")


@pytest.mark.parametrize("name", ["fastmcp.server", "uvicorn.error", "uvicorn.access"])
def test_other_loggers_write_the_same_lines(lines: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("down", extra={"color_message": "not for a log"})
    (line,) = parse(lines)
    assert (line["logger"], line["message"]) == (name, "down")
    assert "color_message" not in line


def test_an_access_line_has_fields_and_no_query() -> None:
    line = json.loads(JsonFormatter().format(access_record("/callback?code=hidden")))
    assert line["message"] == "GET /callback"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/callback", 200)
    assert "hidden" not in str(line)


@pytest.mark.parametrize("given", ["a", "0af7651916cd43dd-8448.eb_211c", "x" * 64])
async def test_keeps_a_sane_id(http: ASGIServer, given: str) -> None:
    async with http.http_client(headers={"X-Request-ID": given}) as raw:
        response = await raw.get("/nowhere")
    assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", [b"", b"x" * 65, b"two words", b"a\tb", b'"quoted"', b"\xc3\xbc"])
async def test_replaces_any_other_id(http: ASGIServer, given: bytes) -> None:
    headers = [(b"X-Request-ID", given)]
    async with http.http_client() as raw:
        first = (await raw.get("/nowhere", headers=headers)).headers["X-Request-ID"]
        second = (await raw.get("/nowhere", headers=headers)).headers["X-Request-ID"]
    assert first.isalnum()
    assert len(first) == 32
    assert first != second


def test_the_id_stands_in_every_line_of_its_request(lines: io.StringIO) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        logger.warning("inside")
        raise RuntimeError("broken")

    async def server(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await RequestIdMiddleware(app)(scope, receive, send)
        except RuntimeError:
            logger.exception("outside")

    client = TestClient(server, raise_server_exceptions=False)
    client.get("/", headers={"X-Request-ID": "first"})
    client.get("/", headers={"X-Request-ID": "second"})
    ids = [line.get("request_id") for line in parse(lines) if line["logger"] == "example"]
    assert ids == ["first", "first", "second", "second"]


async def test_leaves_the_lifespan_alone() -> None:
    seen = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(_message: object) -> None:
        return None

    await RequestIdMiddleware(app)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]

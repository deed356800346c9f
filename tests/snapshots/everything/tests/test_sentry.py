"""What Sentry gets of an error, and what it never gets."""

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sentry_sdk
from fastmcp import Client, FastMCP
from fastmcp.exceptions import McpError, ToolError
from pydantic import SecretStr

from everything_server.error_tracking import configure_sentry
from everything_server.settings import Settings


class Sentry(ThreadingHTTPServer):
    """Takes in what is reported."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.envelopes: list[str] = []

    def events(self) -> list[dict[str, Any]]:
        """Return the reported events, all of which must have been sent by now."""
        sentry_sdk.flush(10)
        lines = [json.loads(line) for text in self.envelopes for line in text.splitlines()]
        return [line for line in lines if "exception" in line or "logentry" in line]


class Handler(BaseHTTPRequestHandler):
    """Keeps each envelope."""

    server: Sentry

    def do_POST(self) -> None:
        """Take an envelope."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        self.server.envelopes.append(body.decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@pytest.fixture
def sentry(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sentry]:
    """Run a Sentry on this machine, and report to it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Sentry() as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        dsn = SecretStr(f"http://key@127.0.0.1:{listening.server_port}/1")
        configure_sentry(settings.model_copy(update={"sentry_dsn": dsn}))
        yield listening
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)
        listening.shutdown()
        thread.join()


def crash(text: str) -> str:
    """Fail as nobody expected."""
    raise LookupError(text)


def refuse(text: str) -> str:
    """Fail on purpose."""
    raise ToolError(text)


async def test_a_crash_is_reported_without_what_the_caller_sent(
    server: FastMCP,
    sentry: Sentry,
) -> None:
    server.tool(crash)
    async with Client(server) as client:
        with pytest.raises(ToolError):
            await client.call_tool("crash", {"text": "SECRET"})
    (event,) = sentry.events()
    (error,) = event["exception"]["values"]
    assert error["type"] == "LookupError"
    frame = error["stacktrace"]["frames"][-1]
    assert frame["function"] == "crash"
    assert "vars" not in frame
    assert event["environment"] == "production"
    assert "SECRET" not in "".join(sentry.envelopes)


async def test_resources_and_prompts_are_reported_too(server: FastMCP, sentry: Sentry) -> None:
    server.prompt(crash)
    server.resource("crash://{text}")(crash)
    async with Client(server) as client:
        with pytest.raises(McpError):
            await client.get_prompt("crash", {"text": "SECRET"})
        with pytest.raises(McpError):
            await client.read_resource("crash://SECRET")
    types = [value["type"] for event in sentry.events() for value in event["exception"]["values"]]
    assert types == ["LookupError", "LookupError"]
    assert "SECRET" not in "".join(sentry.envelopes)


async def test_answers_to_the_caller_are_not_reported(server: FastMCP, sentry: Sentry) -> None:
    server.tool(refuse)
    async with Client(server) as client:
        for name, arguments in (("refuse", {"text": "x"}), ("refuse", {}), ("nothing", {})):
            with pytest.raises(ToolError):
                await client.call_tool(name, arguments)
        with pytest.raises(McpError):
            await client.read_resource("nothing://x")
    logging.getLogger("other").error("text of %s", "somebody")
    assert sentry.events() == []


def test_nothing_is_reported_without_a_dsn(settings: Settings) -> None:
    configure_sentry(settings)
    assert not sentry_sdk.get_client().is_active()


def test_a_wrong_dsn_is_named_without_its_value(settings: Settings) -> None:
    with pytest.raises(SystemExit) as caught:
        configure_sentry(settings.model_copy(update={"sentry_dsn": SecretStr("hidden")}))
    assert "SENTRY_DSN" in str(caught.value)
    assert "hidden" not in str(caught.value)

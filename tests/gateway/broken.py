"""Gateways and servers on this machine that misbehave: real HTTP, one fault each."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Answer:
    """What is sent back: after some seconds, a status, headers and a body.

    With `drip` the body comes byte by byte, with so many seconds between them.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    drip: float = 0.0
    times: int = 1_000

    @property
    def content(self) -> bytes:
        """The body as it is sent: texts as they are, all else as JSON."""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()


@dataclass
class Asked:
    """A request that came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Broken(ThreadingHTTPServer):
    """Answers by method and path; what is not told answers as an empty gateway does."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = dict(answers)
        self.asked: list[Asked] = []
        self.counts: dict[str, int] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, path: str) -> Answer:
        """Return what the request gets."""
        bare = path.partition("?")[0]
        for key in (f"{method} {bare}", f"{method} *", "*"):
            told = self.answers.get(key)
            if told and self.counts.get(key, 0) < told.times:
                self.counts[key] = self.counts.get(key, 0) + 1
                return told
        if method == "GET":
            return Answer(body={bare.rpartition("/")[2]: [], "nextCursor": None})
        return Answer(404, {"detail": "Not Found"})

    def handle_error(self, *_: object) -> None:
        """Let clients go away."""


class _Handler(BaseHTTPRequestHandler):
    server: Broken

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        try:
            body = json.loads(raw or b"null")
        except ValueError:
            body = raw
        self.server.asked.append(Asked(self.command, self.path, dict(self.headers), body))
        told = self.server.answer(self.command, self.path)
        time.sleep(told.seconds)
        self.send_response(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(told.content)))
        self.end_headers()
        if not told.drip:
            self.wfile.write(told.content)
            return
        for byte in told.content:
            self.wfile.write(bytes([byte]))
            time.sleep(told.drip)

    do_GET = do_POST = do_PUT = do_DELETE = _handle

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def broken(answers: Mapping[str, Answer] | None = None) -> Iterator[Broken]:
    """Run one that misbehaves as told."""
    server = Broken(answers or {})
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def registered(name: str, url: str, **more: Any) -> dict[str, Any]:
    """Return a server as the gateway's API tells it."""
    return {
        "id": "1" * 32,
        "name": name,
        "slug": name,
        "url": url,
        "description": "An MCP server built with FastMCP.",
        "transport": "STREAMABLEHTTP",
        "tags": [],
        "visibility": "public",
        "enabled": True,
        "reachable": True,
        **more,
    }


def tool(name: str, **more: Any) -> dict[str, Any]:
    """Return a tool as the gateway's API tells it."""
    return {
        "id": name.rjust(32, "0"),
        "name": f"demo-{name}",
        "originalName": name,
        "gatewayId": "1" * 32,
        "description": f"Tool {name}",
        "inputSchema": {"type": "object"},
        "enabled": True,
        **more,
    }

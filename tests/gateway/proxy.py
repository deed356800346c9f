"""A proxy before the real gateway that lets one request go wrong, and is well afterwards."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Fault:
    """What happens to the first request of a method: does the gateway get it, what comes back.

    Without a status the connection is cut.
    """

    method: str
    reaches: bool = False
    status: int = 0
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    host: str
    fault: Fault | None

    def handle_error(self, *_: object) -> None:
        """Let clients go away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Proxy

    def _handle(self) -> None:
        fault = self.server.fault
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault is None or fault.method != self.command:
            self._send(*self._forward(body))
            return
        self.server.fault = None
        if fault.reaches:
            self._forward(body)
        time.sleep(fault.seconds)
        if fault.status:
            self._send(fault.status, fault.headers, fault.body)
        else:
            self.close_connection = True

    def _forward(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        there = http.client.HTTPConnection(self.server.host, timeout=60)
        left_out = ("host", "accept-encoding")
        kept = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        there.request(self.command, self.path, body or None, kept)
        answer = there.getresponse()
        found = answer.status, {"Content-Type": "application/json"}, answer.read()
        there.close()
        return found

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _handle

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def proxy(gateway: str, fault: Fault | None) -> Iterator[str]:
    """Run one before a gateway; give its URL."""
    with _Proxy(("127.0.0.1", 0), _Handler) as server:
        server.host, server.fault = urlsplit(gateway).netloc, fault
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

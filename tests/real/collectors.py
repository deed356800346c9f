"""A collector on this machine: takes in what servers report, and decodes it."""

from __future__ import annotations

import threading
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint
    from opentelemetry.proto.trace.v1.trace_pb2 import Span


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.take(self.path, dict(self.headers), body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class Collector(ThreadingHTTPServer):
    """Keeps the bodies of all requests by path, and their headers."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: dict[str, list[bytes]] = defaultdict(list)
        self.headers: list[dict[str, str]] = []

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Keep one request."""
        self.headers.append(headers)
        self.bodies[path].append(body)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[tuple[str, Span]]:
        """Return all spans, each with the id of the process that made it."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        return [
            (_attributes(group.resource.attributes)["service.instance.id"], span)
            for body in self.bodies["/v1/traces"]
            for group in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]

    def durations(self) -> dict[str, list[HistogramDataPoint]]:
        """Return what each process reported last, by its id."""
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
            ExportMetricsServiceRequest,
        )

        return {
            _attributes(group.resource.attributes)["service.instance.id"]: [
                point
                for scope in group.scope_metrics
                for metric in scope.metrics
                if metric.name == "mcp.server.operation.duration"
                for point in metric.histogram.data_points
            ]
            for body in self.bodies["/v1/metrics"]
            for group in ExportMetricsServiceRequest.FromString(body).resource_metrics
        }

    def called(self, tool: str) -> int:
        """Return how many calls of a tool the processes counted together."""
        return sum(
            point.count
            for points in self.durations().values()
            for point in points
            if _attributes(point.attributes).get("gen_ai.tool.name") == tool
        )

    @property
    def everything(self) -> bytes:
        """All that came in."""
        return b"\n".join(body for bodies in self.bodies.values() for body in bodies)


def _attributes(found: Any) -> dict[str, str]:
    return {item.key: item.value.string_value for item in found}


@contextmanager
def collector() -> Iterator[Collector]:
    """Run a collector on this machine."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()

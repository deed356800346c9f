"""What a collector gets over OTLP, and what it never gets."""

import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import McpError, ToolError
from fastmcp.server.middleware import MiddlewareContext
from mcp.types import METHOD_NOT_FOUND
from opentelemetry import metrics, trace
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr

from production_server import telemetry
from production_server.settings import Settings
from production_server.telemetry.durations import TelemetryMiddleware
from production_server.telemetry.spans import without_private

SCRIPT = Path(sys.executable).parent / "production-server"
KEY = "key-of-the-collector"


class Collector(ThreadingHTTPServer):
    """Takes in what is sent over OTLP."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: dict[str, list[bytes]] = {"/v1/traces": [], "/v1/metrics": []}
        self.keys: set[str | None] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> dict[str, dict[str, str]]:
        """Return the attributes of all spans, by the name of the span."""
        return {
            span.name: {item.key: item.value.string_value for item in span.attributes}
            for body in self.bodies["/v1/traces"]
            for group in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        }

    def counts(self) -> dict[str, int]:
        """Return how often each tool was called, by the last report."""
        return {
            item.value.string_value: point.count
            for body in self.bodies["/v1/metrics"]
            for group in ExportMetricsServiceRequest.FromString(body).resource_metrics
            for scope in group.scope_metrics
            for metric in scope.metrics
            for point in metric.histogram.data_points
            for item in point.attributes
            if metric.name == "mcp.server.operation.duration" and item.key == "gen_ai.tool.name"
        }


class Handler(BaseHTTPRequestHandler):
    """Keeps each request's body."""

    server: Collector

    def do_POST(self) -> None:
        """Take a report."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.add(self.headers["X-Key"])
        self.server.bodies[self.path].append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Run a collector on this machine."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_a_call_over_stdio_is_a_span_and_a_metric(
    environment: dict[str, str],
    collector: Collector,
) -> None:
    env = environment | {
        "PRODUCTION_SERVER_OTLP_ENDPOINT": collector.url,
        "PRODUCTION_SERVER_OTLP_HEADERS": f"x-key={KEY}",
        "PRODUCTION_SERVER_OTLP_SAMPLE_RATIO": "1",
        "NO_PROXY": "127.0.0.1",
    }
    transport = StdioTransport(str(SCRIPT), [], env=env, keep_alive=False)
    async with Client(transport) as client:
        await client.call_tool("echo", {"text": "quiet please"})
    span = collector.spans()["tools/call echo"]
    assert span["gen_ai.tool.name"] == "echo"
    assert collector.counts() == {"echo": 1}
    assert collector.keys == {KEY}
    assert b"quiet please" not in b"".join(collector.bodies["/v1/traces"])


def probe(text: str) -> str:
    """Fail."""
    raise ValueError(text)


async def test_spans_hold_nothing_that_a_caller_sent(
    server: FastMCP,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    server.tool(probe)
    server.prompt(probe)
    server.resource("probe://{text}")(probe)
    async with Client(server) as client:
        for name in ("echo", "probe", "no-SECRET"):
            with pytest.raises(ToolError):
                await client.call_tool(name, {"text": "SECRET" * 2000})
        for uri in ("probe://SECRET", "nothing://SECRET"):
            with pytest.raises(McpError):
                await client.read_resource(uri)
        for name in ("probe", "no-SECRET"):
            with pytest.raises(McpError):
                await client.get_prompt(name, {"text": "SECRET"})
    served = [span for span in kept.get_finished_spans() if span.kind is trace.SpanKind.SERVER]
    assert "SECRET" in str([span.to_json() for span in served])
    sent = [without_private(span) for span in served]
    assert "SECRET" not in str([span.to_json() for span in sent])
    names = {span.name for span in sent}
    assert {"tools/call echo", "tools/call probe", "tools/call", "resources/read"} <= names
    failed = [error_of(span) for span in sent if span.name == "tools/call echo"]
    assert failed == ["ValidationError"]


def test_a_method_that_does_not_exist_has_no_name() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")
    for method in ("tools/list", "made-up"):
        tracer.start_span(method, attributes={"mcp.method.name": method}).end()
    known, made_up = [without_private(span) for span in kept.get_finished_spans()]
    assert known.name == "tools/list"
    assert made_up.name == "_OTHER"
    assert "made-up" not in made_up.to_json()


def error_of(span: ReadableSpan) -> object:
    (event,) = span.events
    assert event.attributes
    assert "exception.type" in event.attributes
    return (span.attributes or {})["error.type"]


async def test_durations_have_no_names_that_a_caller_made_up(settings: Settings) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    meter = provider.get_meter("test")
    middleware = TelemetryMiddleware(enabled=True, meter=meter)
    server = FastMCP("probe", middleware=[middleware])
    server.tool(probe)
    server.prompt(probe)
    async with Client(server) as client:
        for name in ("probe", "made-up"):
            await client.call_tool(name, {"text": "x"}, raise_on_error=False)
            with pytest.raises(McpError):
                await client.get_prompt(name, {"text": "x"})
        await client.list_tools()

    async def refuse(context: MiddlewareContext[Any]) -> None:
        raise McpError(code=METHOD_NOT_FOUND, message="Method not found")

    with pytest.raises(McpError):
        await middleware.on_request(MiddlewareContext(message={}, method="made-up"), refuse)
    data = reader.get_metrics_data()
    assert data
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    found = {
        tuple(map(attributes.get, ("mcp.method.name", "gen_ai.tool.name", "error.type")))
        for point in metric.data.data_points
        if isinstance(point, HistogramDataPoint) and (attributes := point.attributes or {})
    }
    assert ("tools/call", "probe", "ToolError") in found
    assert ("tools/call", None, "NotFoundError") in found
    assert ("tools/list", None, None) in found
    assert ("_OTHER", None, "MCPError") in found
    assert "made-up" not in str(data.to_json())


def test_nothing_is_set_up_without_an_address(settings: Settings) -> None:
    before = trace.get_tracer_provider(), metrics.get_meter_provider()
    telemetry.configure_telemetry(settings)
    assert (trace.get_tracer_provider(), metrics.get_meter_provider()) == before


def test_headers_are_checked_without_being_shown(settings: Settings) -> None:
    assert telemetry.parse_headers(SecretStr("A=b=c, d = e ,")) == {"a": "b=c", "d": "e"}
    changes = {"otlp_endpoint": "http://127.0.0.1:1", "otlp_headers": SecretStr("hidden")}
    with pytest.raises(SystemExit) as caught:
        telemetry.configure_telemetry(settings.model_copy(update=changes))
    assert "OTLP_HEADERS" in str(caught.value)
    assert "hidden" not in str(caught.value)


class Hanging(SpanProcessor):
    """Never gets rid of its spans."""

    def __init__(self) -> None:
        """Hang until told otherwise."""
        self.over = threading.Event()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait."""
        return self.over.wait(timeout_millis / 1000)


def test_a_collector_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Hanging()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(hanging)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    started = time.monotonic()
    telemetry.flush(0.2)
    assert 0.2 <= time.monotonic() - started < 10
    hanging.over.set()


def test_a_failure_at_the_end_is_logged(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider = TracerProvider(shutdown_on_exit=False)

    def fail() -> bool:
        raise ConnectionError("gone")

    monkeypatch.setattr(provider, "force_flush", fail)
    telemetry.send(provider)
    assert "Some telemetry is lost" in caplog.text

"""Prometheus metrics of one server: tool calls by name and outcome, and the uptime."""

from collections.abc import Iterator
from time import monotonic, perf_counter

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import ToolResult
from mcp.types import CallToolRequestParams
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.values import MutexValue, ValueClass

UNKNOWN = "unknown"

# prometheus-client decides at import, by PROMETHEUS_MULTIPROC_DIR, whether values are in files.
SHARED_BY_WORKERS = ValueClass is not MutexValue


class Uptime(Collector):
    """Seconds since the server was built in this process."""

    def __init__(self) -> None:
        """Start to count."""
        self._started = monotonic()

    def collect(self) -> Iterator[Metric]:
        """Return the current value."""
        seconds = monotonic() - self._started
        yield GaugeMetricFamily("mcp_uptime_seconds", "Seconds since the start", value=seconds)


class Metrics:
    """The metrics, in a registry of their own."""

    def __init__(self) -> None:
        """Register the metrics."""
        self.registry = CollectorRegistry()
        own = None if SHARED_BY_WORKERS else self.registry
        self._calls = Counter("mcp_tool_calls", "Tool calls", ["tool", "outcome"], registry=own)
        self._durations = Histogram(
            "mcp_tool_duration_seconds",
            "Duration of tool calls",
            ["tool"],
            registry=own,
        )
        self.registry.register(Uptime())
        if SHARED_BY_WORKERS:
            MultiProcessCollector(self.registry)  # type: ignore[no-untyped-call]

    def record(self, tool: str, outcome: str, seconds: float) -> None:
        """Count a tool call."""
        self._calls.labels(tool, outcome).inc()
        self._durations.labels(tool).observe(seconds)


class MetricsMiddleware(Middleware):
    """Records every tool call with its outcome, refused ones included."""

    def __init__(self, metrics: Metrics) -> None:
        """Record into these metrics."""
        self._metrics = metrics

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Record a tool call."""
        name, outcome = UNKNOWN, "error"
        started = perf_counter()
        try:
            name = await _registered_name(context)
            result = await call_next(context)
            if not getattr(result, "is_error", False):
                outcome = "success"
            return result
        finally:
            self._metrics.record(name, outcome, perf_counter() - started)


async def _registered_name(context: MiddlewareContext[CallToolRequestParams]) -> str:
    """Return the tool's name; all unknown ones are one, or clients could make series at will."""
    assert context.fastmcp_context is not None
    tool = await context.fastmcp_context.fastmcp.get_tool(context.message.name)
    return UNKNOWN if tool is None else tool.name

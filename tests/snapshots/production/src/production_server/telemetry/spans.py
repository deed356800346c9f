"""What leaves the process of a span: that something happened, never what a caller sent."""

from collections.abc import Sequence

from mcp.types.methods import SPEC_CLIENT_METHODS
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Status

# A message may repeat an argument, as those of Pydantic do; a URI has arguments in it.
PRIVATE = {"mcp.resource.uri", "exception.message", "exception.stacktrace"}
# Of a component that doesn't exist, the caller made up the name.
CALLERS_NAMES = {"fastmcp.component.key", "gen_ai.tool.name", "gen_ai.prompt.name"}


class PrivateSpanExporter(OTLPSpanExporter):
    """Sends spans without what callers put into them."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send these spans."""
        return super().export([without_private(span) for span in spans])


def without_private(span: ReadableSpan) -> ReadableSpan:
    """Return the span without arguments, URIs, and messages of errors."""
    attributes = dict(span.attributes or {})
    method = attributes.get("mcp.method.name")
    found = method is None or "fastmcp.provider.type" in attributes
    hidden = PRIVATE if found else PRIVATE | CALLERS_NAMES
    if method is not None:
        attributes["mcp.method.name"] = known_method(method)
    return ReadableSpan(
        name=span.name if found else known_method(method),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={key: value for key, value in attributes.items() if key not in hidden},
        events=[without_message(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def known_method(method: object) -> str:
    """Return the method; those that don't exist are one, or callers could make series at will."""
    return str(method) if method in SPEC_CLIENT_METHODS else "_OTHER"


def without_message(event: Event) -> Event:
    """Return the event without a message or traceback; the log has those."""
    attributes = event.attributes or {}
    kept = {key: value for key, value in attributes.items() if key not in PRIVATE}
    return Event(event.name, kept, event.timestamp)

"""OpenTelemetry: traces and metrics, sent to a collector over OTLP."""

import logging
import threading
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import anyio.to_thread
from fastmcp import FastMCP
from fastmcp.server.lifespan import Lifespan, lifespan
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from pydantic import SecretStr

from .. import __version__
from ..settings import Settings
from .spans import PrivateSpanExporter

logger = logging.getLogger(__name__)

TIMEOUT = 5.0  # of one export, with its retries
LAST_SECONDS = 5.0  # how long the end of the server waits for what is still to be sent


def configure_telemetry(settings: Settings) -> None:
    """Send what this process measures; call once in a process, nothing happens without an address.

    FastMCP makes the spans, whoever has set up OpenTelemetry gets them.
    """
    if settings.otlp_endpoint is None:
        return
    endpoint = settings.otlp_endpoint.rstrip("/")
    headers = parse_headers(settings.otlp_headers)
    resource = Resource.create(
        {
            "service.name": settings.otlp_service_name,
            "service.version": __version__,
            "service.instance.id": str(uuid.uuid4()),  # one for each worker
        }
    )
    tracers = TracerProvider(
        resource=resource,
        sampler=ParentBasedTraceIdRatio(settings.otlp_sample_ratio),
        shutdown_on_exit=False,  # the lifespan does it, and waits less long
    )
    spans = PrivateSpanExporter(f"{endpoint}/v1/traces", headers=headers, timeout=TIMEOUT)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    trace.set_tracer_provider(tracers)
    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(f"{endpoint}/v1/metrics", headers=headers, timeout=TIMEOUT),
        export_interval_millis=settings.otlp_metric_interval * 1000,
    )
    metrics.set_meter_provider(MeterProvider([reader], resource, shutdown_on_exit=False))


def parse_headers(secret: SecretStr | None) -> dict[str, str]:
    """Split `name=value,name=value`; ends the start when it has another form."""
    found = {}
    text = secret.get_secret_value() if secret else ""
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, value = part.partition("=")
        if not (name.strip() and equals):
            setting = "PRODUCTION_SERVER_OTLP_HEADERS"
            raise SystemExit(f"Settings are missing or wrong:\n  {setting}: give name=value,...")
        found[name.strip().lower()] = value.strip()
    return found


def telemetry_lifespan() -> Lifespan:
    """Send what is left when the server ends, be it by a signal."""

    @lifespan
    async def send_the_rest(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {}
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(flush, LAST_SECONDS)

    return send_the_rest


def flush(seconds: float) -> None:
    """Send what is left, traces beside metrics; after these seconds go on without."""
    ends = time.monotonic() + seconds
    providers = trace.get_tracer_provider(), metrics.get_meter_provider()
    # Threads that end with the process: a collector that hangs can't keep it.
    sending = [
        threading.Thread(target=send, args=(provider,), daemon=True)
        for provider in providers
        if isinstance(provider, TracerProvider | MeterProvider)
    ]
    for thread in sending:
        thread.start()
    for thread in sending:
        thread.join(max(0, ends - time.monotonic()))


def send(provider: TracerProvider | MeterProvider) -> None:
    """Send what one of them holds; a failure is for the log."""
    try:
        provider.force_flush()
    except Exception:
        logger.warning("Some telemetry is lost", exc_info=True)

"""Sentry: unexpected errors, by type and stack, without anything that a caller sent."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import anyio.to_thread
import sentry_sdk
from fastmcp import FastMCP
from fastmcp.exceptions import FastMCPError, McpError
from fastmcp.server.lifespan import Lifespan, lifespan
from pydantic import ValidationError
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import BadDsn

from . import __version__
from .settings import Settings

# Answers to the caller, not faults of the server.
EXPECTED = (FastMCPError, McpError, ValidationError)
# All that leaves: no message, no request, no user, no breadcrumbs, no command line.
SENT = {
    *("event_id", "timestamp", "level", "platform", "logger", "release", "environment"),
    *("exception", "sdk", "server_name"),
}
LAST_SECONDS = 3.0  # how long the end of the server waits for what is still to be sent


def configure_sentry(settings: Settings) -> None:
    """Report errors; nothing happens without a DSN.

    What is logged as an error with its exception is reported: FastMCP and uvicorn do that.
    """
    if settings.sentry_dsn is None:
        return
    try:
        sentry_sdk.init(
            dsn=settings.sentry_dsn.get_secret_value(),
            environment=settings.sentry_environment,
            release=f"{__package__}@{__version__}",
            default_integrations=False,
            integrations=[
                LoggingIntegration(level=None, event_level=logging.ERROR),
                DedupeIntegration(),
                ExcepthookIntegration(),
                ThreadingIntegration(),
            ],
            before_send=without_private,
            include_local_variables=False,
            max_breadcrumbs=0,
        )
    except BadDsn:
        setting = "EVERYTHING_SERVER_SENTRY_DSN"
        raise SystemExit(f"Settings are missing or wrong:\n  {setting}: no DSN of Sentry") from None


def without_private(event: Event, hint: Hint) -> Event | None:
    """Return what is sent of an event; None for one that is no unexpected error."""
    exception = hint.get("exc_info", (None, None, None))[1]
    if exception is None or isinstance(exception, EXPECTED):
        return None
    for key in set(event) - SENT:
        del event[key]  # type: ignore[misc]
    for value in event["exception"]["values"]:
        value.pop("value", None)  # a message may repeat an argument
    return event


def sentry_lifespan() -> Lifespan:
    """Send what is left when the server ends, be it by a signal."""

    @lifespan
    async def send_the_rest(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {}
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(sentry_sdk.flush, LAST_SECONDS)

    return send_the_rest

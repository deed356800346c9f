"""`/metrics` on a port of its own, apart from the MCP endpoint and its clients."""

import logging
import socket
from collections.abc import AsyncIterator
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import anyio.to_thread
from fastmcp import FastMCP
from fastmcp.server.lifespan import Lifespan, lifespan
from prometheus_client import make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from .metrics import SHARED_BY_WORKERS, Metrics
from .settings import Settings

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1  # how long the end of the server waits at most
TIMEOUT_S = 10.0


class Listener(ThreadingWSGIServer):
    """Answers in threads of its own, so that a server with a busy event loop can be watched."""

    allow_reuse_port = False  # a second worker must find the port taken

    def handle_error(self, *_args: object) -> None:
        """Log what went wrong with a connection; by itself the server prints it."""
        logger.info("A request for metrics failed", exc_info=True)


class Listener6(Listener):
    """The same for IPv6."""

    address_family = socket.AF_INET6


class QuietHandler(WSGIRequestHandler):
    """Logs no requests, and gives up on a client that says nothing."""

    timeout = TIMEOUT_S

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


def listen(metrics: Metrics, host: str, port: int) -> WSGIServer:
    """Take the port; nothing is answered yet."""
    kind = Listener6 if ":" in host else Listener
    return make_server(host, port, make_wsgi_app(metrics.registry), kind, QuietHandler)


def metrics_lifespan(metrics: Metrics, settings: Settings) -> Lifespan:
    """Serve the metrics as long as the server lives; a port that is taken doesn't stop it."""

    @lifespan
    async def serve(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        try:
            listener = listen(metrics, settings.metrics_host, settings.metrics_port)
        except OSError as error:
            # With shared values the worker that has the port answers for all of them.
            level = logging.INFO if SHARED_BY_WORKERS else logging.WARNING
            logger.log(level, "This process serves no metrics: %s", error)
            yield {}
            return
        logger.info("Metrics are served on port %s", listener.server_port)
        thread = Thread(target=listener.serve_forever, args=(POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield {"metrics_port": listener.server_port}
        finally:
            await anyio.to_thread.run_sync(listener.shutdown)
            listener.server_close()

    return serve

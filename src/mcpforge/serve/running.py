"""How the server runs: over stdio, or over HTTP on this machine for whoever has the token."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mcpforge.serve.terms import Terms

HOST = "127.0.0.1"
PATH = "/mcp"
GRACE_SECONDS = 10
_PREFIX = "FASTMCP_"
_QUIET = {
    "FASTMCP_ENV_FILE": os.devnull,
    "FASTMCP_LOG_ENABLED": "false",
    "FASTMCP_CHECK_FOR_UPDATES": "off",
}


def run_stdio(terms: Terms) -> None:
    """Serve over stdin and stdout until the client goes."""
    with own_settings():
        from mcpforge.serve.server import create_server
    server = create_server(terms)
    _log()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(transport="stdio", show_banner=False)


def run_http(terms: Terms, port: int, token: str, ready: Callable[[str], None]) -> None:
    """Serve over HTTP on this machine until a signal; `ready` is told the URL once it listens.

    Only requests with the token, to a host name of this machine and from no foreign page are
    answered. Raises `ForgeError` for a port that is taken.
    """
    with own_settings():
        import uvicorn

        from mcpforge.serve.server import create_server
        from mcpforge.serve.token import OneToken
    server = create_server(terms, OneToken(token))
    _log()
    app = server.http_app(
        path=PATH,
        stateless_http=True,
        host_origin_protection=True,
        allowed_hosts=[],
        allowed_origins=[],
    )
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    with _listen(port) as listening:
        ready(f"http://{HOST}:{listening.getsockname()[1]}{PATH}")
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise ForgeError(
            f"Port {port} can't be used: {(error.strerror or str(error)).lower()}",
            hint="Take another by `--port`; 0 finds a free one.",
            code="port_in_use",
        ) from None


@contextlib.contextmanager
def own_settings() -> Iterator[None]:
    """Let FastMCP read its settings from nowhere while it is imported.

    It takes them from the environment and from `.env` of the current folder, which may be that of
    a project.
    """
    kept = {key: value for key, value in os.environ.items() if key.startswith(_PREFIX)}
    for key in kept:
        del os.environ[key]
    os.environ.update(_QUIET)
    try:
        yield
    finally:
        for key in _QUIET:
            del os.environ[key]
        os.environ.update(kept)


def _log() -> None:
    """Log what goes wrong to stderr, one line each; refusals are told to the client alone."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("fastmcp").setLevel(logging.CRITICAL)
    logging.getLogger("mcp").setLevel(logging.CRITICAL)

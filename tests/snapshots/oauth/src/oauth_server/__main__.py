"""Command line: `oauth-server` speaks stdio, `oauth-server --transport http` serves HTTP."""

import argparse
import contextlib
import signal
from collections.abc import Sequence
from typing import Any

import uvicorn

from . import __version__
from .server import create_server
from .startup import prepare
from .web import create_app


def serve(**overrides: Any) -> None:
    """Run until stdin closes (stdio) or a signal comes; the lifespan ends in every case."""
    settings = prepare(**overrides)
    if settings.transport == "stdio":
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            create_server(settings).run(transport="stdio", show_banner=False)
    else:
        uvicorn.run(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            log_config=None,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        )


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line; what is not given comes from the settings."""
    parser = argparse.ArgumentParser(
        prog="oauth-server",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--transport", choices=["stdio", "http"])
    parser.add_argument("--host", help="address to listen on (HTTP)")
    parser.add_argument("--port", type=int, help="port to listen on (HTTP)")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Run the server, or the command that was asked for."""
    options = vars(build_parser().parse_args(argv))
    run = options.pop("run", serve)
    run(**options)


if __name__ == "__main__":
    main()

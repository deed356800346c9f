"""Entry point of the `fastmcp` command: `fastmcp run` and `fastmcp inspect` call `create`."""

from fastmcp import FastMCP

from everything_server.server import create_server
from everything_server.settings import load_settings


def create() -> FastMCP:
    """Return the server with the settings of the environment."""
    return create_server(load_settings())

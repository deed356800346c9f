"""The server, put together in one place."""

from fastmcp import FastMCP

from . import __version__
from .lifespan import compose, settings_lifespan
from .settings import Settings
from .tools import TOOLS


def create_server(settings: Settings) -> FastMCP:
    """Return a new, independent server."""
    mcp = FastMCP(
        "minimal-server",
        instructions="An MCP server with minimal.",
        version=__version__,
        lifespan=compose(
            settings_lifespan(settings),
        ),
        mask_error_details=settings.mask_error_details,
        on_duplicate="error",
    )
    for tool in TOOLS:
        mcp.add_tool(tool)
    return mcp

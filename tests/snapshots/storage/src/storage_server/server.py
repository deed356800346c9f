"""The server, put together in one place."""

from fastmcp import FastMCP

from . import __version__
from .lifespan import compose, settings_lifespan
from .settings import Settings
from .storage import build_storage, session_store, storage_lifespan
from .storage.culling import culling_lifespan
from .storage.request_state import request_state_security
from .tools import TOOLS


def create_server(settings: Settings) -> FastMCP:
    """Return a new, independent server."""
    storage = build_storage(settings)
    mcp = FastMCP(
        "storage-server",
        instructions="An MCP server with storage.",
        version=__version__,
        session_state_store=session_store(settings, storage),
        request_state_security=request_state_security(settings.request_state_key),
        lifespan=compose(
            settings_lifespan(settings),
            storage_lifespan(settings, storage),
            culling_lifespan(storage),
        ),
        mask_error_details=settings.mask_error_details,
        on_duplicate="error",
    )
    for tool in TOOLS:
        mcp.add_tool(tool)
    return mcp

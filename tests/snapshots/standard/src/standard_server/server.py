"""The server, put together in one place."""

from fastmcp import FastMCP

from . import __version__
from .lifespan import compose, settings_lifespan
from .middleware.error_handling import ErrorMiddleware, MaskErrorsMiddleware
from .middleware.request_log import RequestLogMiddleware
from .middleware.schema_lookup import SchemaLookupMiddleware
from .prompts import PROMPTS
from .resources import RESOURCES
from .routes.health import add_health_routes
from .settings import Settings
from .tools import TOOLS


def create_server(settings: Settings) -> FastMCP:
    """Return a new, independent server."""
    mcp = FastMCP(
        "standard-server",
        instructions="An MCP server with standard.",
        version=__version__,
        lifespan=compose(
            settings_lifespan(settings),
        ),
        middleware=[
            SchemaLookupMiddleware(),
            ErrorMiddleware(
                mask=settings.mask_error_details,
            ),
            RequestLogMiddleware(),
            MaskErrorsMiddleware(
                prompts=settings.mask_error_details,
            ),
        ],
        mask_error_details=settings.mask_error_details,
        on_duplicate="error",
    )
    for tool in TOOLS:
        mcp.add_tool(tool)
    for resource in RESOURCES:
        mcp.add_resource(resource)
    for prompt in PROMPTS:
        mcp.add_prompt(prompt)
    add_health_routes(mcp, settings)
    return mcp

"""The server, put together in one place."""

from fastmcp import FastMCP

from . import __version__
from .auth import build_auth
from .http_client import http_client_lifespan
from .lifespan import compose, settings_lifespan
from .metrics import Metrics, MetricsMiddleware
from .metrics_server import metrics_lifespan
from .middleware.audit import AuditMiddleware
from .middleware.authorization import build_authorization
from .middleware.caching import ToolCacheMiddleware, close_cache, connect_cache
from .middleware.error_handling import ErrorMiddleware, MaskErrorsMiddleware
from .middleware.limiter import Limiter, close_limiter
from .middleware.rate_limit import RateLimitMiddleware
from .middleware.request_log import RequestLogMiddleware
from .middleware.schema_lookup import SchemaLookupMiddleware
from .middleware.timing import TimingMiddleware
from .prompts import PROMPTS
from .resources import RESOURCES
from .routes.health import add_health_routes
from .settings import Settings
from .storage import build_storage, session_store, storage_lifespan
from .storage.request_state import request_state_security
from .telemetry import telemetry_lifespan
from .telemetry.durations import TelemetryMiddleware
from .tools import TOOLS


def create_server(settings: Settings) -> FastMCP:
    """Return a new, independent server."""
    storage = build_storage(settings)
    cache_redis = connect_cache(settings)
    limiter = Limiter(settings.rate_limit, settings)
    metrics = Metrics()
    mcp = FastMCP(
        "production-server",
        instructions="An MCP server with production.",
        version=__version__,
        auth=build_auth(settings),
        session_state_store=session_store(settings, storage),
        request_state_security=request_state_security(settings.request_state_key),
        lifespan=compose(
            settings_lifespan(settings),
            storage_lifespan(settings, storage),
            close_cache(cache_redis),
            close_limiter(limiter),
            http_client_lifespan(settings),
            metrics_lifespan(metrics, settings),
            telemetry_lifespan(),
        ),
        middleware=[
            SchemaLookupMiddleware(),
            ErrorMiddleware(
                mask=settings.mask_error_details,
            ),
            AuditMiddleware(),
            RequestLogMiddleware(),
            TimingMiddleware(settings.slow_request),
            MetricsMiddleware(metrics),
            TelemetryMiddleware(
                enabled=settings.otlp_endpoint is not None,
            ),
            RateLimitMiddleware(limiter),
            build_authorization(settings.restricted_tags),
            MaskErrorsMiddleware(
                prompts=settings.mask_error_details,
            ),
            ToolCacheMiddleware(settings, cache_redis),
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

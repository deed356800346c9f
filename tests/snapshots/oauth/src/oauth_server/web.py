"""The server as an ASGI app, both for the command line and for `asgi.py`."""

from sse_starlette.sse import AppStatus
from starlette.applications import Starlette

from .server import create_server
from .settings import Settings


def create_app(settings: Settings) -> Starlette:
    """Return a new app; requests with a foreign Host or Origin header are refused."""
    # A signal would cut answers that are streams; uvicorn waits for them as for any other.
    AppStatus.enable_automatic_graceful_drain = False
    app = create_server(settings).http_app(
        stateless_http=True,
        host_origin_protection=True,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
    )
    return app

"""Access for browsers: answers the questions that they ask before a request (CORS)."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

METHODS = ("GET", "POST", "DELETE")
REQUEST_HEADERS = (
    "authorization",
    "content-type",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
)
RESPONSE_HEADERS = ("mcp-session-id", "retry-after", "www-authenticate")


class BrowserAccessMiddleware(CORSMiddleware):
    """Lets pages of these origins call the server, with a token but without cookies.

    The guard of FastMCP refuses foreign origins by itself: both read `allowed_origins`.
    """

    def __init__(self, app: ASGIApp, *, origins: list[str]) -> None:
        """Allow the origins, each like `https://app.example.com`."""
        super().__init__(
            app,
            allow_origins=[origin.rstrip("/") for origin in origins],
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
        )

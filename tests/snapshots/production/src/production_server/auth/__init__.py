"""Who may call: all sources of tokens, joined into one."""

from fastmcp.server.auth import MultiAuth
from pydantic import AnyHttpUrl, ValidationError

from ..settings import Settings
from .bearer import build_bearer

LOOPBACK = ("127.0.0.1", "[::1]", "localhost")


def build_auth(settings: Settings) -> MultiAuth:
    """Return what checks the token of every HTTP request; stdio needs none."""
    check_base_url(settings.base_url)
    return MultiAuth(
        verifiers={
            "bearer": build_bearer(settings),
        },
        base_url=settings.base_url,
        required_scopes=[],  # each source asks for its own
    )


def check_base_url(base_url: str) -> None:
    """Refuse to start where tokens would cross a network unencrypted."""
    try:
        url = AnyHttpUrl(base_url)
    except ValidationError:
        raise SystemExit(
            "PRODUCTION_SERVER_BASE_URL must be a URL such as https://mcp.example.com.",
        ) from None
    if url.scheme != "https" and url.host not in LOOPBACK:
        raise SystemExit(
            "PRODUCTION_SERVER_BASE_URL must begin with https:// unless its host is this machine "
            "because tokens must not cross a network unencrypted.",
        )

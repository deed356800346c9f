"""Who may call: all sources of tokens, joined into one."""

from fastmcp.server.auth import MultiAuth
from pydantic import AnyHttpUrl, ValidationError

from ..settings import Settings
from ..storage import Storage
from .auth0 import build_auth0
from .bearer import build_bearer
from .introspection import build_introspection
from .jwt import build_jwt

LOOPBACK = ("127.0.0.1", "[::1]", "localhost")


def build_auth(settings: Settings, storage: Storage) -> MultiAuth:
    """Return what checks the token of every HTTP request; stdio needs none."""
    check_base_url(settings.base_url)
    return MultiAuth(
        server=build_auth0(settings, storage),
        server_source_id="auth0",
        verifiers={
            "bearer": build_bearer(settings),
            "introspection": build_introspection(settings),
            "jwt": build_jwt(settings),
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
            "EVERYTHING_SERVER_BASE_URL must be a URL such as https://mcp.example.com.",
        ) from None
    if url.scheme != "https" and url.host not in LOOPBACK:
        raise SystemExit(
            "EVERYTHING_SERVER_BASE_URL must begin with https:// unless its host is this machine "
            "because tokens must not cross a network unencrypted.",
        )

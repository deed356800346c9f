"""Sign-in with Auth0."""

from fastmcp.server.auth.providers.auth0 import Auth0Provider

from ..settings import Settings
from ..storage import Storage
from .discovery import TIMEOUT_SECONDS, discovery
from .oauth_proxy import Proxy, proxy_options


class Auth0(Proxy, Auth0Provider):
    """Auth0, with the keys of this server."""


def build_auth0(settings: Settings, storage: Storage) -> Auth0:
    """Return the provider; its addresses are looked up here."""
    options = proxy_options(settings, storage)
    with discovery(
        settings.auth0_config_url,
        "EVERYTHING_SERVER_AUTH0_CONFIG_URL",
    ):
        return Auth0(
            config_url=settings.auth0_config_url,
            client_id=settings.auth0_client_id,
            client_secret=settings.auth0_client_secret.get_secret_value(),
            audience=settings.auth0_audience,
            required_scopes=settings.auth0_scopes,
            timeout_seconds=TIMEOUT_SECONDS,
            **options,
        )

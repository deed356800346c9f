"""Sign-in with GitHub."""

from fastmcp.server.auth.providers.github import GitHubProvider

from ..settings import Settings
from ..storage import Storage
from .oauth_proxy import Proxy, proxy_options


class GitHub(Proxy, GitHubProvider):
    """GitHub, with the keys of this server."""


def build_github(settings: Settings, storage: Storage) -> GitHub:
    """Return the provider; GitHub is asked about a token at most once in the cache's time."""
    return GitHub(
        client_id=settings.github_client_id,
        client_secret=settings.github_client_secret.get_secret_value(),
        required_scopes=settings.github_scopes,
        cache_ttl_seconds=settings.github_cache_ttl,
        **proxy_options(settings, storage),
    )

"""Opaque tokens, about which their issuer is asked (RFC 7662)."""

from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier

from ..settings import Settings


def build_introspection(settings: Settings) -> IntrospectionTokenVerifier:
    """Return the verifier; while the issuer doesn't answer no token is good."""
    return IntrospectionTokenVerifier(
        introspection_url=settings.introspection_url,
        client_id=settings.introspection_client_id,
        client_secret=settings.introspection_client_secret,
        client_auth_method=settings.introspection_auth_method,
        audience=settings.introspection_audience,
        required_scopes=settings.introspection_scopes,
        cache_ttl_seconds=settings.introspection_cache_ttl,
    )

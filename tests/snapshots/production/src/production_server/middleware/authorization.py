"""Who may use what: a tag names the scope that a token must have."""

from fastmcp.server.auth import restrict_tag
from fastmcp.server.middleware import AuthMiddleware


def build_authorization(tags: list[str]) -> AuthMiddleware:
    """Hide what has one of the tags, and refuse it, where the scope of that name is missing."""
    return AuthMiddleware(auth=[restrict_tag(tag, scopes=[tag]) for tag in tags])

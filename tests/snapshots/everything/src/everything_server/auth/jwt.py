"""JSON Web Tokens: signed by an issuer, made for this server, good for a time."""

from fastmcp.server.auth import AccessToken, JWTVerifier

from ..settings import Settings


class ExpiringJWTVerifier(JWTVerifier):
    """Refuses also what would be good for ever."""

    async def verify_token(self, token: str) -> AccessToken | None:
        """Check signature, issuer, audience, scopes and that there is an expiry."""
        access = await super().verify_token(token)
        return access if access and access.expires_at else None


def build_jwt(settings: Settings) -> ExpiringJWTVerifier:
    """Return the verifier; keys behind a URL are fetched with the first token."""
    if bool(settings.jwt_jwks_url) == bool(settings.jwt_public_key):
        raise SystemExit(
            "Set exactly one of EVERYTHING_SERVER_JWT_JWKS_URL and EVERYTHING_SERVER_JWT_PUBLIC_KEY.",
        )
    public_key = (settings.jwt_public_key or "").replace("\\n", "\n") or None
    if public_key and not public_key.lstrip().startswith("-----BEGIN "):
        raise SystemExit(
            "EVERYTHING_SERVER_JWT_PUBLIC_KEY must be in PEM form: it begins with -----BEGIN.",
        )
    return ExpiringJWTVerifier(
        jwks_uri=settings.jwt_jwks_url or None,
        public_key=public_key,
        algorithm=settings.jwt_algorithm,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        required_scopes=settings.jwt_scopes,
    )

"""The bearer token that an HTTP server asks for: made at its start, or kept in a private file."""

from __future__ import annotations

import hashlib
import hmac

from fastmcp.server.auth import AccessToken, TokenVerifier


class OneToken(TokenVerifier):
    """Takes one token, of which it keeps the hash, and compares in constant time."""

    def __init__(self, token: str) -> None:
        """Keep the token's hash."""
        super().__init__()
        self._digest = _digest(token)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return who calls, or None."""
        if not hmac.compare_digest(_digest(token), self._digest):
            return None
        return AccessToken(token="hidden", client_id="agent", scopes=[])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()

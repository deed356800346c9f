"""Tokens for a gateway whose signing key is known: a JWT with the claims that it asks for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

ISSUER = "mcpgateway"
AUDIENCE = "mcpgateway-api"


def mint(key: str, subject: str, seconds: int) -> str:
    """Return a token for an administrator of the gateway, good for some seconds from now.

    Without both of the last two claims the gateway narrows it to what is public: neither teams nor
    what belongs to them are seen then (its `normalize_token_teams`).
    """
    now = int(time.time())
    claims = {
        "sub": subject,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + seconds,
        "jti": secrets.token_hex(16),
        "is_admin": True,
        "teams": None,
    }
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    signature = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(signature)}"


def _encoded(data: dict[str, Any]) -> str:
    return _base64(json.dumps(data, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

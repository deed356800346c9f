"""An OAuth token endpoint on this machine: client credentials (RFC 6749, 4.4), tokens as JWT."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from fastmcp.server.auth.providers.jwt import RSAKeyPair
from jwt.algorithms import RSAAlgorithm

if TYPE_CHECKING:
    from collections.abc import Iterator

AUDIENCE = "https://mcp.test/mcp"
KEY = "key-1"


@dataclass
class Issuer:
    """Where tokens come from, and for whom; `issued` counts them."""

    url: str
    keys: RSAKeyPair
    client: str = "the-gateway"
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    issued: int = 0
    refused: int = 0

    @property
    def token_url(self) -> str:
        """The token endpoint."""
        return f"{self.url}/token"

    @property
    def jwks(self) -> dict[str, Any]:
        """The public key, as a JWK Set (RFC 7517)."""
        public = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(self.keys.public_key)
        found: dict[str, Any] = RSAAlgorithm.to_jwk(public, as_dict=True)
        return {"keys": [{**found, "use": "sig", "alg": "RS256", "kid": KEY}]}

    def settings(self, prefix: str) -> dict[str, str]:
        """Return what lets a generated server take these tokens."""
        return {
            f"{prefix}JWT_JWKS_URL": f"{self.url}/jwks.json",
            f"{prefix}JWT_ISSUER": self.url,
            f"{prefix}JWT_AUDIENCE": AUDIENCE,
        }

    def answer(self, form: dict[str, str], basic: tuple[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and body of the token endpoint."""
        shown = basic if any(basic) else (form.get("client_id"), form.get("client_secret"))
        if shown != (self.client, self.secret):
            self.refused += 1
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        token = self.keys.create_token(
            subject=self.client,
            issuer=self.url,
            audience=AUDIENCE,
            expires_in_seconds=300,
            kid=KEY,
        )
        self.issued += 1
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 300}


class _Handler(BaseHTTPRequestHandler):
    server: _Listener

    def do_GET(self) -> None:
        fine = self.path == "/jwks.json"
        self._send(200 if fine else 404, self.server.issuer.jwks if fine else {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if self.path == "/token":
            self._send(*self.server.issuer.answer(form, self._basic()))
        else:
            self._send(404, {})

    def _basic(self) -> tuple[str, str]:
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return "", ""
        name, _, word = base64.b64decode(text).decode().partition(":")
        return unquote(name), unquote(word)

    def _send(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    issuer: Issuer


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Run one on a free port."""
    with _Listener(("127.0.0.1", 0), _Handler) as listener:
        url = f"http://127.0.0.1:{listener.server_port}"
        listener.issuer = Issuer(url, RSAKeyPair.generate())
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield listener.issuer
        finally:
            listener.shutdown()
            thread.join()

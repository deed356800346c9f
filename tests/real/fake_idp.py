"""An identity provider on this machine: authorize, token, registration, userinfo, introspection.

It speaks plain HTTP and is, as a forward proxy with a certificate authority of its own, every HTTPS
host as well: a server that runs with `IdentityProvider.environment` finds it where its vendor's
addresses are fixed. Paths are told apart by their ends, so one answers as any vendor. Tokens and
codes are checked as RFC 6749, 7636 (PKCE), 7662 and 8707 ask for; the user agrees to everything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastmcp.server.auth.providers.jwt import RSAKeyPair

from real.certificates import make_certificates
from real.servers import public_jwk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "ada"
HOSTS = (
    *("github.com", "api.github.com", "accounts.google.com", "oauth2.googleapis.com"),
    *("www.googleapis.com", "login.microsoftonline.com", "discord.com", "huggingface.co"),
    *("clerk.test", "cognito-idp.eu-central-1.amazonaws.com"),
)


@dataclass
class Grant:
    """What a user gave to a client."""

    client: str
    scopes: list[str]
    redirect_uri: str = ""
    challenge: str = ""
    resource: str = ""
    ends: float = 0.0

    @property
    def good(self) -> bool:
        """Whether a token for it has not expired."""
        return time.time() < self.ends


@dataclass
class Client:
    """What is known of a client; one without a secret is public."""

    secret: str
    redirect_uris: list[str] = field(default_factory=list)


class IdentityProvider(ThreadingHTTPServer):
    """The state of it, to be set and looked at by tests."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        """Listen on a free port; certificates go into the folder."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.issuer = self.url
        self.audience = ""  # of JWTs, if not the resource that was asked for
        self.opaque = False
        self.lifetime = 300
        self.keys = RSAKeyPair.generate()
        self.clients: dict[str, Client] = {}
        self.codes: dict[str, Grant] = {}
        self.tokens: dict[str, Grant] = {}
        self.refresh_tokens: dict[str, Grant] = {}
        self.seen: list[str] = []
        self.authority = folder / "ca.pem"
        self.certificate = make_certificates(folder, HOSTS, self.authority)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a process takes this for every HTTPS host."""
        return {
            "HTTPS_PROXY": self.url,
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(self.authority),
        }

    def issue(self, grant: Grant) -> dict[str, Any]:
        """Return the answer of the token endpoint, and remember the tokens in it."""
        opaque = secrets.token_urlsafe(24)
        grant.ends = time.time() + self.lifetime
        access = opaque if self.opaque else self.sign(grant, opaque)
        self.tokens[access] = grant
        refresh = secrets.token_urlsafe(24)
        self.refresh_tokens[refresh] = grant
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "refresh_token": refresh,
            "scope": " ".join(grant.scopes),
            "id_token": self.sign(grant, opaque, audience=grant.client),
        }

    def sign(self, grant: Grant, identifier: str, audience: str = "") -> str:
        """Return a JWT for a grant."""
        short = " ".join(scope.rpartition("/")[2] for scope in grant.scopes)
        return self.keys.create_token(
            subject=USER,
            issuer=self.issuer,
            audience=audience or self.audience or grant.resource,
            expires_in_seconds=self.lifetime,
            kid="key-1",
            additional_claims={"client_id": grant.client, "scope": short, "jti": identifier},
        )

    def about(self, token: str, grant: Grant) -> dict[str, Any]:
        """Return what the vendors tell of a token and its user, all in one document.

        It is for the resource where a client registered by itself, else for the application.
        """
        own = self.clients.get(grant.client, Client("")).secret
        audience = self.audience or (grant.client if own else grant.resource)
        ends = datetime.fromtimestamp(grant.ends, UTC).isoformat()
        return {
            **{"active": grant.good, "client_id": grant.client, "exp": int(grant.ends)},
            **{"sub": USER, "id": USER, "login": USER, "preferred_username": USER},
            **{"aud": audience, "expires_in": str(self.lifetime)},
            **{"scope": " ".join(grant.scopes), "scopes": grant.scopes, "expires": ends},
            **{"application": {"id": grant.client}, "user": {"id": USER, "username": USER}},
            "jti": hashlib.sha256(token.encode()).hexdigest(),
        }


class _Handler(BaseHTTPRequestHandler):
    server: IdentityProvider
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        """Become the host that is asked for."""
        self.send_response(200)
        self.end_headers()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.certificate)
        with context.wrap_socket(self.connection, server_side=True) as inside:
            _Handler(inside, self.client_address, self.server)
        self.close_connection = True

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        self.server.seen.append(url.path)
        if re.search(r"(/authorize|/auth)$", url.path):
            self.authorize(query)
        elif re.search(r"/(jwks|jwks\.json|keys|certs)$", url.path):
            self.answer({"keys": [public_jwk(self.server.keys)]})
        elif ".well-known" in url.path:
            self.answer(self.metadata())
        else:
            token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
            grant = self.server.tokens.get(token)
            if grant and grant.good:
                scopes = {"X-OAuth-Scopes": ", ".join(grant.scopes)}
                self.answer(self.server.about(token, grant), headers=scopes)
            else:
                self.answer({"error": "invalid_token"}, 401)

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        self.server.seen.append(path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if path.endswith("/register"):
            self.register(json.loads(body))
            return
        form = dict(parse_qsl(body))
        client = self.client_of(form)
        if client is None:
            self.answer({"error": "invalid_client"}, 401)
        elif re.search(r"/(introspect|token_info)$", path):
            grant = self.server.tokens.get(form["token"])
            good = grant and grant.good
            self.answer(self.server.about(form["token"], grant) if good else {"active": False})  # type: ignore[arg-type]
        else:
            self.token(client, form)

    def metadata(self) -> dict[str, Any]:
        issuer = self.server.issuer
        base = self.server.url
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "registration_endpoint": f"{base}/register",
            "jwks_uri": f"{base}/jwks.json",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, query: dict[str, str]) -> None:
        """Send the user, who agrees, back with a code; never to an unknown address."""
        client = self.server.clients.get(query.get("client_id", ""))
        target = query.get("redirect_uri", "")
        if client is None or target not in client.redirect_uris:
            self.answer({"error": "invalid_request", "redirect_uri": target}, 400)
            return
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.server.codes[code] = Grant(
            query["client_id"],
            query.get("scope", "").split(),
            redirect_uri=target,
            challenge=query["code_challenge"],
            resource=query.get("resource", ""),
        )
        self.send_response(302)
        answer = urlencode({"code": code, "state": query["state"]})
        self.send_header("Location", f"{target}?{answer}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def token(self, client: str, form: dict[str, str]) -> None:
        """Change a code, which is good once, or a refresh token, for tokens."""
        if form["grant_type"] == "refresh_token":
            grant = self.server.refresh_tokens.pop(form["refresh_token"], None)
        else:
            grant = self.server.codes.pop(form["code"], None)
            verifier = form.get("code_verifier", "")
            digest = hashlib.sha256(verifier.encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if grant and (grant.challenge, grant.redirect_uri) != (challenge, form["redirect_uri"]):
                grant = None
        if grant is None or grant.client != client:
            self.answer({"error": "invalid_grant"}, 400)
        else:
            self.answer(self.server.issue(grant))

    def register(self, metadata: dict[str, Any]) -> None:
        """Take a client that registers by itself (RFC 7591)."""
        identifier = f"dynamic-{len(self.server.clients)}"
        self.server.clients[identifier] = Client("", metadata["redirect_uris"])
        document = {"client_id": identifier, "token_endpoint_auth_method": "none"}
        self.answer({**metadata, **document}, 201)

    def client_of(self, form: dict[str, str]) -> str | None:
        """Return who asks, by a secret in the header or in the form, or with none."""
        identifier, secret = form.get("client_id", ""), form.get("client_secret", "")
        if header := self.headers["Authorization"]:
            text = base64.b64decode(header.removeprefix("Basic ")).decode()
            identifier, _, secret = text.partition(":")
        known = self.server.clients.get(identifier)
        return identifier if known and known.secret == secret else None

    def answer(
        self, document: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        length = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in {**length, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def identity_provider(folder: Path) -> Iterator[IdentityProvider]:
    """Run an identity provider."""
    with IdentityProvider(folder) as idp:
        thread = threading.Thread(target=idp.serve_forever, daemon=True)
        thread.start()
        yield idp
        idp.shutdown()
        thread.join()

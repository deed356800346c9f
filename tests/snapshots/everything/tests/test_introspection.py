"""Opaque tokens, about which their issuer is asked."""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from fastmcp.server.auth import AccessToken
from pydantic import SecretStr, ValidationError

from everything_server.auth.introspection import build_introspection
from everything_server.settings import Settings

KNOWN = {"client_id": "ci", "sub": "alice", "aud": "https://mcp.test/mcp", "scope": "read write"}


class Issuer(ThreadingHTTPServer):
    """Knows the tokens, and which ones were asked about."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Introspection)
        self.url = f"http://127.0.0.1:{self.server_port}/introspect"
        self.tokens: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []


class Introspection(BaseHTTPRequestHandler):
    """Answers whoever may ask."""

    server: Issuer

    def do_POST(self) -> None:
        """Say what is known of a token."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        (token,) = form["token"]
        self.server.asked.append(token)
        known = self.server.tokens.get(token)
        self.send_response(200 if self.may_ask(form) else 401)
        self.end_headers()
        document = {"active": known is not None, **(known or {})}
        self.wfile.write(json.dumps(document).encode())

    def may_ask(self, form: dict[str, list[str]]) -> bool:
        """Check the client secret, sent in one way or the other."""
        known = ["introspection-client", "introspection-secret"]
        basic = base64.b64encode(":".join(known).encode()).decode()
        posted = [form.get(name, [""])[0] for name in ("client_id", "client_secret")]
        return posted == known or self.headers["Authorization"] == f"Basic {basic}"

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        server.tokens["good"] = KNOWN
        yield server
        server.shutdown()
        thread.join()


async def verify(
    settings: Settings,
    issuer: Issuer,
    token: str,
    **changes: object,
) -> AccessToken | None:
    changes = {"introspection_url": issuer.url, "introspection_scopes": ["read"], **changes}
    verifier = build_introspection(settings.model_copy(update=changes))
    found = [await verifier.verify_token(token) for _ in range(2)]
    assert [bool(access) for access in found] in ([True, True], [False, False])
    return found[0]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_good_token(settings: Settings, issuer: Issuer, method: str) -> None:
    access = await verify(settings, issuer, "good", introspection_auth_method=method)
    assert access
    assert (access.client_id, access.subject) == ("ci", "alice")
    assert access.scopes == ["read", "write"]


@pytest.mark.parametrize(
    "changes",
    [{"aud": "https://other.test/mcp"}, {"aud": None}, {"scope": "write"}, {"exp": 1}],
)
async def test_a_token_for_something_else(
    settings: Settings,
    issuer: Issuer,
    changes: dict[str, Any],
) -> None:
    issuer.tokens["other"] = KNOWN | changes
    assert await verify(settings, issuer, "other") is None


@pytest.mark.parametrize(("ttl", "times"), [(60, 1), (0, 2)])
async def test_good_tokens_are_remembered(
    settings: Settings,
    issuer: Issuer,
    ttl: int,
    times: int,
) -> None:
    await verify(settings, issuer, "good", introspection_cache_ttl=ttl)
    await verify(settings, issuer, "unknown", introspection_cache_ttl=ttl)
    assert issuer.asked.count("good") == times
    assert issuer.asked.count("unknown") == 2


async def test_who_may_not_ask_lets_nobody_in(settings: Settings, issuer: Issuer) -> None:
    secret = SecretStr("wrong")
    assert await verify(settings, issuer, "good", introspection_client_secret=secret) is None


async def test_an_issuer_that_is_away_lets_nobody_in(settings: Settings) -> None:
    assert await build_introspection(settings).verify_token("good") is None


@pytest.mark.parametrize("url", ["", "idp.example.com", "http://idp.example.com"])
def test_the_address_must_be_https(url: str) -> None:
    with pytest.raises(ValidationError, match="introspection_url"):
        Settings.model_validate({"introspection_url": url})


def test_the_secret_is_not_shown(settings: Settings) -> None:
    assert isinstance(settings.introspection_client_secret, SecretStr)
    assert "introspection-secret" not in repr(settings)

"""The way of a client to the identity provider: discovery, registration, consent, tokens."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cryptography.fernet import Fernet
from fastmcp.server.auth import AccessToken, OAuthProxy
from fastmcp.utilities.tests import ASGIServer
from joserfc.errors import JoseError
from pydantic import SecretStr

from everything_server.auth import build_auth
from everything_server.auth.oauth_proxy import Proxy, proxy_options
from everything_server.settings import Settings
from everything_server.storage import Storage, build_storage

CALLBACK = "http://localhost:4321/callback"


async def register(raw: httpx2.AsyncClient, callback: str) -> httpx2.Response:
    metadata = {
        "client_name": "test",
        "redirect_uris": [callback],
        "token_endpoint_auth_method": "none",
    }
    return await raw.post("/register", json=metadata)


async def test_the_refusal_says_where_to_sign_in(http: ASGIServer) -> None:
    async with http.http_client() as raw:
        refusal = await raw.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        resource = (await raw.get("/.well-known/oauth-protected-resource/mcp")).json()
        server = (await raw.get("/.well-known/oauth-authorization-server")).json()
    assert refusal.status_code == 401
    challenge = refusal.headers["www-authenticate"]
    assert "/.well-known/oauth-protected-resource/mcp" in challenge
    assert resource["resource"] == "http://127.0.0.1:8000/mcp"
    assert resource["scopes_supported"]
    assert resource["authorization_servers"] == [server["issuer"]]
    assert server["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize(
    ("callback", "status"),
    [
        (CALLBACK, 201),
        ("https://claude.ai/api/mcp/auth_callback", 201),
        ("https://evil.example/callback", 400),
        ("http://localhost.evil.example/callback", 400),
    ],
)
async def test_clients_are_sent_back_to_known_places(
    http: ASGIServer,
    callback: str,
    status: int,
) -> None:
    async with http.http_client() as raw:
        assert (await register(raw, callback)).status_code == status


async def test_the_user_is_asked_first(http: ASGIServer) -> None:
    query = {
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "state": "anything",
    }
    async with http.http_client() as raw:
        client_id = (await register(raw, CALLBACK)).json()["client_id"]
        answer = await raw.get("/authorize", params={**query, "client_id": client_id})
    assert answer.status_code == 302
    target = urlsplit(answer.headers["location"])
    assert target.path == "/consent"
    assert "txn_id" in parse_qs(target.query)


async def test_an_unknown_client_is_refused(http: ASGIServer) -> None:
    query = {"response_type": "code", "client_id": "unknown", "redirect_uri": CALLBACK}
    async with http.http_client() as raw:
        assert (await raw.get("/authorize", params=query)).status_code == 400


async def test_what_is_kept_is_encrypted(settings: Settings) -> None:
    storage = build_storage(settings)
    options = proxy_options(settings, storage)
    await options["client_storage"].put("key", {"token": "swordfish"})
    plain = settings.model_copy(update={"storage_encrypted": False})
    kept = await Storage(storage.base, plain).use("oauth").ttl("key")
    assert kept[0]
    assert "swordfish" not in str(kept)
    assert kept[1] is None


async def test_what_no_key_reads_any_more_is_gone(settings: Settings) -> None:
    storage = build_storage(settings)
    await proxy_options(settings, storage)["client_storage"].put("key", {"token": "swordfish"})
    key = SecretStr(Fernet.generate_key().decode())
    other = Storage(storage.base, settings.model_copy(update={"storage_keys": key}))
    assert await proxy_options(settings, other)["client_storage"].get("key") is None


def provider(settings: Settings, key: str, *others: str) -> Proxy:
    changes = {"jwt_signing_key": SecretStr(key), "jwt_other_keys": SecretStr(", ".join(others))}
    changed = settings.model_copy(update=changes)
    server = build_auth(changed, build_storage(changed)).server
    assert isinstance(server, Proxy)
    server.set_mcp_path("/mcp")
    return server


@pytest.mark.parametrize("use", ["access", "refresh"])
def test_the_signing_key_is_changed_without_a_gap(settings: Settings, use: str) -> None:
    old, new = "o" * 32, "n" * 32
    before = provider(settings, old).jwt_issuer
    known = provider(settings, old, new).jwt_issuer
    changed = provider(settings, new, old).jwt_issuer
    after = provider(settings, new).jwt_issuer

    def sign(issuer: object) -> str:
        assert isinstance(issuer, type(before))
        if use == "refresh":
            return issuer.issue_refresh_token("client", [], "id", 60)
        return issuer.issue_access_token("client", [], "id")

    for token in (sign(before), sign(known), sign(changed)):
        for issuer in (known, changed):
            assert issuer.verify_token(token, use)["jti"] == "id"
    assert after.verify_token(sign(changed), use)
    with pytest.raises(JoseError):
        after.verify_token(sign(before), use)
    with pytest.raises(JoseError):
        changed.verify_token(sign(before), "id" if use == "access" else "access")


def test_weak_keys_are_refused(settings: Settings) -> None:
    with pytest.raises(SystemExit, match="JWT_OTHER_KEYS") as caught:
        provider(settings, "k" * 32, "o" * 32, "swordfish")
    assert "swordfish" not in str(caught.value)


async def test_all_scopes_are_needed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    server = provider(settings, "k" * 32)
    server.required_scopes = ["read", "write"]

    async def load(_server: OAuthProxy, token: str) -> AccessToken:
        return AccessToken(token=token, client_id="tests", scopes=token.split())

    monkeypatch.setattr(OAuthProxy, "load_access_token", load)
    assert await server.verify_token("read write more")
    assert await server.verify_token("read") is None

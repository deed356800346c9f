"""The way of a client to the identity provider: discovery, registration, consent."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastmcp.utilities.tests import ASGIServer

from oauth_server.auth.oauth_proxy import proxy_options
from oauth_server.settings import Settings
from oauth_server.storage import Storage, build_storage

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

"""JSON Web Tokens."""

from contextlib import nullcontext
from typing import Any

import pytest
from fastmcp.server.auth.providers.jwt import RSAKeyPair

from everything_server.auth.jwt import ExpiringJWTVerifier, build_jwt
from everything_server.settings import Settings, load_settings

ISSUER = "https://issuer.test/"
AUDIENCE = "https://mcp.test/mcp"


@pytest.fixture(scope="module")
def keys() -> RSAKeyPair:
    return RSAKeyPair.generate()


@pytest.fixture
def verifier(settings: Settings, keys: RSAKeyPair) -> ExpiringJWTVerifier:
    one_line = keys.public_key.replace("\n", "\\n")
    changes = {"jwt_jwks_url": None, "jwt_public_key": one_line, "jwt_scopes": ["read"]}
    return build_jwt(settings.model_copy(update=changes))


def signed(keys: RSAKeyPair, **changes: Any) -> str:
    claims = {"subject": "alice", "issuer": ISSUER, "audience": AUDIENCE, "scopes": ["read"]}
    return keys.create_token(**(claims | changes))


async def test_a_good_token(verifier: ExpiringJWTVerifier, keys: RSAKeyPair) -> None:
    access = await verifier.verify_token(signed(keys, scopes=["read", "write"]))
    assert access
    assert access.subject == "alice"
    assert access.scopes == ["read", "write"]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.test/"},
        {"audience": "https://other.test/mcp"},
        {"audience": None},
        {"scopes": ["write"]},
        {"expires_in_seconds": -60},
        {"additional_claims": {"exp": None}},
    ],
)
async def test_a_token_for_something_else(
    verifier: ExpiringJWTVerifier,
    keys: RSAKeyPair,
    changes: dict[str, Any],
) -> None:
    assert await verifier.verify_token(signed(keys, **changes)) is None


async def test_a_token_of_somebody_else(verifier: ExpiringJWTVerifier) -> None:
    assert await verifier.verify_token(signed(RSAKeyPair.generate())) is None


@pytest.mark.parametrize(("url", "key"), [(None, None), ("https://issuer.test/jwks.json", "key")])
def test_keys_come_from_one_place(settings: Settings, url: str | None, key: str | None) -> None:
    changes = {"jwt_jwks_url": url, "jwt_public_key": key}
    with pytest.raises(SystemExit, match="Set exactly one"):
        build_jwt(settings.model_copy(update=changes))


def test_a_key_is_in_pem_form(settings: Settings) -> None:
    changes = {"jwt_jwks_url": None, "jwt_public_key": "swordfish"}
    with pytest.raises(SystemExit, match="JWT_PUBLIC_KEY must be in PEM form"):
        build_jwt(settings.model_copy(update=changes))


def test_keys_are_not_fetched_at_the_start(settings: Settings) -> None:
    assert build_jwt(settings).jwks_uri == "https://issuer.test/jwks.json"


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://issuer.test/jwks.json", True),
        ("http://localhost:8080/jwks.json", True),
        ("http://issuer.test/jwks.json", False),
        ("http://localhost.evil.test/jwks.json", False),
    ],
)
def test_keys_do_not_cross_a_network_in_clear(
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    good: bool,
) -> None:
    monkeypatch.setenv("EVERYTHING_SERVER_JWT_JWKS_URL", url)
    with nullcontext() if good else pytest.raises(SystemExit, match="JWKS_URL"):
        load_settings()

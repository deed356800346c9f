"""What every OAuth provider needs to stand between MCP clients and an identity provider."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal, TypedDict

from fastmcp.server.auth import AccessToken, OAuthProxy
from fastmcp.server.auth.jwt_issuer import JWTIssuer
from joserfc.errors import BadSignatureError
from key_value.aio.errors import DecryptionError
from key_value.aio.protocols import AsyncKeyValue
from key_value.aio.wrappers.base import BaseWrapper

from ..settings import Settings
from ..storage import Storage

KEY_LENGTH = 32


class RotatingIssuer(JWTIssuer):
    """Signs with the first key, and takes what any of the keys signed."""

    def __init__(self, issuer: str, audience: str, keys: Sequence[bytes]) -> None:
        """Sign for one audience."""
        super().__init__(issuer, audience, keys[0])
        self.others = [JWTIssuer(issuer, audience, key) for key in keys[1:]]

    def verify_token(
        self,
        token: str,
        expected_token_use: str = "access",  # noqa: S107
    ) -> dict[str, Any]:
        """Return the claims of a good token."""
        for other in self.others:
            with suppress(BadSignatureError):
                return other.verify_token(token, expected_token_use)
        return super().verify_token(token, expected_token_use)


class Proxy(OAuthProxy):
    """A provider whose signing keys may overlap, and that asks for its scopes itself."""

    def __init__(self, *, signing_keys: Sequence[bytes], **options: Any) -> None:
        """Take what the provider takes, and several keys in place of one."""
        super().__init__(jwt_signing_key=signing_keys[0], **options)
        self.signing_keys = signing_keys

    def set_mcp_path(self, mcp_path: str | None) -> None:
        """Make the issuer of tokens, for the address that is now known."""
        super().set_mcp_path(mcp_path)
        plain = super().jwt_issuer
        self.issuer = RotatingIssuer(plain.issuer, plain.audience, self.signing_keys)

    @property
    def jwt_issuer(self) -> JWTIssuer:
        """What signs and checks the tokens of this server."""
        return self.issuer

    async def verify_token(self, token: str) -> AccessToken | None:
        """Check a token, and that it has all scopes."""
        access = await super().verify_token(token)
        return access if access and set(self.required_scopes) <= set(access.scopes) else None


class Readable(BaseWrapper):
    """A store in which entries that no key decrypts any more are gone: clients register again."""

    def __init__(self, key_value: AsyncKeyValue) -> None:
        """Read from this store."""
        self.key_value = key_value

    async def get(self, key: str, *, collection: str | None = None) -> dict[str, Any] | None:
        """Return an entry."""
        found: dict[str, Any] | None = None
        with suppress(DecryptionError):
            found = await super().get(key, collection=collection)
        return found


class ProxyOptions(TypedDict):
    """Keyword arguments that all providers take."""

    base_url: str
    allowed_client_redirect_uris: list[str]
    client_storage: AsyncKeyValue
    signing_keys: Sequence[bytes]
    require_authorization_consent: Literal[True]


def proxy_options(settings: Settings, storage: Storage) -> ProxyOptions:
    """Return them. Registrations and upstream tokens stay until the provider removes them."""
    return {
        "base_url": settings.base_url,
        "allowed_client_redirect_uris": settings.allowed_client_redirect_uris,
        "client_storage": Readable(storage.use("oauth", encrypted=True)),
        "signing_keys": signing_keys(settings),
        "require_authorization_consent": True,
    }


def signing_keys(settings: Settings) -> list[bytes]:
    """Return the key that signs, then those whose tokens are good as well."""
    other = settings.jwt_other_keys
    others = other.get_secret_value().split(",") if other else []
    keys = [key.strip() for key in (settings.jwt_signing_key.get_secret_value(), *others)]
    if min(map(len, keys)) < KEY_LENGTH:
        raise SystemExit(
            "EVERYTHING_SERVER_JWT_OTHER_KEYS: each key must "
            "have at least 32 characters, for example those that `openssl rand -hex 32` prints.",
        )
    return [key.encode() for key in keys]

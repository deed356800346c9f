"""What every OAuth provider needs to stand between MCP clients and an identity provider."""

from typing import Literal, TypedDict

from key_value.aio.protocols import AsyncKeyValue

from ..settings import Settings
from ..storage import Storage


class ProxyOptions(TypedDict):
    """Keyword arguments that all providers take."""

    base_url: str
    allowed_client_redirect_uris: list[str]
    client_storage: AsyncKeyValue
    jwt_signing_key: bytes
    require_authorization_consent: Literal[True]


def proxy_options(settings: Settings, storage: Storage) -> ProxyOptions:
    """Return them. Registrations and upstream tokens stay until the provider removes them."""
    return {
        "base_url": settings.base_url,
        "allowed_client_redirect_uris": settings.allowed_client_redirect_uris,
        "client_storage": storage.use("oauth", encrypted=True),
        "jwt_signing_key": settings.jwt_signing_key.get_secret_value().encode(),
        "require_authorization_consent": True,
    }

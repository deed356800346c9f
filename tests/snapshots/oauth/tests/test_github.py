"""Sign-in with GitHub."""

import pytest
from fastmcp.utilities.tests import ASGIServer
from pydantic import SecretStr, ValidationError

from oauth_server.auth.github import build_github
from oauth_server.settings import Settings
from oauth_server.storage import build_storage


def test_the_app_is_the_configured_one(settings: Settings) -> None:
    provider = build_github(settings, build_storage(settings))
    assert provider.required_scopes == ["read:user"]
    assert str(provider.base_url) == "http://127.0.0.1:8000/"


async def test_the_scopes_are_announced(http: ASGIServer) -> None:
    async with http.http_client() as raw:
        metadata = await raw.get("/.well-known/oauth-protected-resource/mcp")
    assert metadata.json()["scopes_supported"] == ["read:user"]


@pytest.mark.parametrize("name", ["github_client_id", "github_client_secret"])
def test_an_empty_value_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings.model_validate({name: ""})


def test_the_secret_is_not_shown(settings: Settings) -> None:
    assert isinstance(settings.github_client_secret, SecretStr)
    assert "github-secret" not in repr(settings)

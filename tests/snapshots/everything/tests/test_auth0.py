"""Sign-in with Auth0."""

import pytest
from pydantic import SecretStr, ValidationError

from everything_server.auth.auth0 import build_auth0
from everything_server.server import create_server
from everything_server.settings import Settings
from everything_server.storage import build_storage


def test_the_addresses_are_looked_up(settings: Settings) -> None:
    provider = build_auth0(settings, build_storage(settings))
    assert str(provider.oidc_config.token_endpoint) == "https://idp.test/token"
    assert provider.required_scopes == ["openid"]


def test_a_failed_look_up_is_one_sentence(
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = "http://127.0.0.1:9/.well-known/openid-configuration"
    with pytest.raises(SystemExit, match="AUTH0_CONFIG_URL") as caught:
        create_server(settings.model_copy(update={"auth0_config_url": url}))
    assert url in str(caught.value)
    assert not caplog.records


@pytest.mark.parametrize("name", ["auth0_audience", "auth0_client_id", "auth0_client_secret"])
def test_an_empty_value_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings.model_validate({name: ""})


def test_the_secret_is_not_shown(settings: Settings) -> None:
    assert isinstance(settings.auth0_client_secret, SecretStr)
    assert "auth0-secret" not in repr(settings)

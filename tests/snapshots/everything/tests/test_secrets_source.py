"""Settings from a secrets manager come last."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from everything_server.secrets_source import SecretsSource
from everything_server.settings import Settings


class Fixed(SecretsSource):
    """A manager that holds these."""

    def read(self) -> Mapping[str, Any]:
        """Return names with and without the prefix, and one that is no setting."""
        return {
            "EVERYTHING_SERVER_PORT": "9000",
            "host": "::1",
            "other": "x",
        }


@pytest.fixture
def own() -> type[Settings]:
    """Return settings with such a manager."""

    class Own(Settings):
        """The project's settings, from the environment and the manager above."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """Put the manager where the project has its own."""
            del file_secret_settings
            return init_settings, env_settings, dotenv_settings, Fixed(settings_cls)

    return Own


def test_what_the_manager_holds_is_used(own: type[Settings]) -> None:
    settings = own()
    assert (settings.port, settings.host) == (9000, "::1")


def test_the_environment_comes_first(
    own: type[Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EVERYTHING_SERVER_PORT", "9001")
    assert own().port == 9001
    assert own(port=9002).port == 9002


def test_without_a_name_nobody_is_asked(settings: Settings) -> None:
    assert settings.port == 8000

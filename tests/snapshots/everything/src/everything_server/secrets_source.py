"""Settings from a secrets manager, for what neither the environment nor `.env` says."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

TIMEOUT_S = 5.0


class SecretsSource(PydanticBaseSettingsSource):
    """Reads all secrets at once, whenever settings are read."""

    @abstractmethod
    def read(self) -> Mapping[str, Any]:
        """Return the secrets by name; raises `SettingsError` with one sentence."""

    def __call__(self) -> dict[str, Any]:
        """Return the settings among the secrets, named as the variables are or without prefix."""
        prefix = self.config.get("env_prefix", "").lower()
        found = {name.lower().removeprefix(prefix): value for name, value in self.read().items()}
        return {name: found[name] for name in self.settings_cls.model_fields if name in found}

    def given(self, name: str) -> str:
        """Return a setting that this source itself needs: nothing where it isn't set."""
        value = self.current_state.get(name, self.settings_cls.model_fields[name].default)
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        return "" if value is None else str(value)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return one setting, which nobody asks for: they are read together."""
        del field
        return None, field_name, False

"""Settings, read from STORAGE_SERVER_* variables and `.env`."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [item.strip() for item in value.split(",") if item.strip()]


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split)]


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError("must not be empty: `.` is the folder that the server starts in")
    return value


NamedPath = Annotated[Path, BeforeValidator(_not_empty)]


class Settings(BaseSettings):
    """Everything that may differ between deployments."""

    model_config = SettingsConfigDict(
        env_prefix="STORAGE_SERVER_",
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    transport: Literal["stdio", "http"] = Field(
        default="stdio",
        description="stdio for desktop clients, http for everybody else",
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on",
        min_length=1,
    )
    port: int = Field(
        default=8000,
        description="Port to listen on",
        ge=1,
        le=65535,
    )
    allowed_hosts: CommaSeparated = Field(
        default=[],
        description="Host headers to accept besides localhost, such as mcp.example.com",
    )
    allowed_origins: CommaSeparated = Field(
        default=[],
        description="Origins of web pages that may call, such as https://app.example.com",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO",
        description="How much is logged, to stderr",
    )
    mask_error_details: bool = Field(
        default=True,
        description="Hide what went wrong inside a tool from clients",
    )
    storage_keys: SecretStr | None = Field(
        default=None,
        description="Fernet keys for stored values, newest first, comma separated",
    )
    session_ttl: int = Field(
        default=86400,
        description="Seconds that session state is kept after the last change",
        ge=1,
        le=315360000,
    )
    storage_encrypted: bool = Field(
        default=False,
        description="Encrypt all stored values",
    )
    storage_ttl: int = Field(
        default=2592000,
        description="Seconds an entry lives that names no ttl of its own; 0 is for ever",
        ge=0,
        le=315360000,
    )
    storage_prefix: str = Field(
        default="storage-server",
        description="Prefix of all collections in the store",
        min_length=1,
    )
    request_state_key: SecretStr = Field(
        description="Seals questions to the user; the same for every process",
        min_length=32,
    )
    storage_path: NamedPath = Field(
        default=Path("data"),
        description="Folder of the stored entries",
    )


def load_settings(**overrides: Any) -> Settings:
    """Read the settings, or end with one message that names all that are missing or wrong."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = [
            f"STORAGE_SERVER_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise SystemExit("\n  ".join(["Settings are missing or wrong:", *problems])) from None
    except SettingsError as error:
        raise SystemExit(f"Settings are missing or wrong: {error}") from None

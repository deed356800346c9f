"""Settings, read from EVERYTHING_SERVER_* variables and `.env`."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from .aws_secrets import AwsSecretsSource


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
        env_prefix="EVERYTHING_SERVER_",
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
    content_dir: NamedPath = Field(
        default=Path("content"),
        description="Folder with the files that tools and resources may read",
    )
    base_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Public URL of the server, without a path; https unless it is local",
        min_length=1,
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
    response_max_bytes: int = Field(
        default=1000000,
        description="Bytes of a tool's answer at most",
        ge=1000,
    )
    truncated_tools: CommaSeparated = Field(
        default=[],
        description="Tools that are cut to text rather than refused; they lose their schema",
    )
    retry_attempts: int = Field(
        default=3,
        description="How often an idempotent tool is run at most",
        ge=1,
        le=10,
    )
    retry_pause: float = Field(
        default=0.2,
        description="Seconds before the second attempt; each later pause is twice as long",
        gt=0,
        le=60,
    )
    restricted_tags: CommaSeparated = Field(
        default=[
            "admin",
        ],
        description="Tags whose components need the scope of the same name",
    )
    cache_ttl: int = Field(
        default=300,
        description="Seconds a cached answer is kept",
        ge=1,
        le=315360000,
    )
    cache_max_entries: int = Field(
        default=1000,
        description="Cached answers kept in memory at most",
        ge=1,
    )
    cache_anonymous: bool = Field(
        default=False,
        description="Also cache for HTTP callers without a token, who then share answers",
    )
    cache_url: SecretStr | None = Field(
        default=None,
        description="Redis URL where replicas share cached answers, or memory://",
    )
    rate_limit: str = Field(
        default="60/minute",
        description="Hits allowed to one caller, like 60/minute",
        pattern="^[1-9][0-9]*/(second|minute|hour|day)$",
    )
    address_limit: str = Field(
        default="300/minute",
        description="HTTP requests allowed to one address, like 300/minute",
        pattern="^[1-9][0-9]*/(second|minute|hour|day)$",
    )
    rate_limit_url: SecretStr | None = Field(
        default=None,
        description="Redis URL where replicas count together, or memory://",
    )
    rate_limit_fail_open: bool = Field(
        default=True,
        description="Let requests pass while the counts can't be reached",
    )
    trusted_proxies: CommaSeparated = Field(
        default=[],
        description="Addresses or networks of proxies whose X-Forwarded-For is believed",
    )
    slow_request: float = Field(
        default=1.0,
        description="Seconds after which a request is logged as slow",
        gt=0,
    )
    bearer_tokens: CommaSeparated = Field(
        default=[],
        description="Entries that `token new` prints: name:sha256:last-day:scope+scope",
    )
    introspection_url: str = Field(
        description="Introspection endpoint of the authorization server",
        pattern="^(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])([:/]|$))",
    )
    introspection_client_id: str = Field(
        description="Client ID that this server asks with",
        min_length=1,
    )
    introspection_client_secret: SecretStr = Field(
        description="Client secret that this server asks with",
        min_length=1,
    )
    introspection_auth_method: Literal["client_secret_basic", "client_secret_post"] = Field(
        default="client_secret_basic",
        description="How this server shows its client secret",
    )
    introspection_audience: str = Field(
        description="Audience that tokens must name (aud): this server",
        min_length=1,
    )
    introspection_scopes: CommaSeparated = Field(
        default=[],
        description="Scopes that every token must have",
    )
    introspection_cache_ttl: int = Field(
        default=60,
        description="Seconds that is not asked again about a good token; 0 is always",
        ge=0,
    )
    jwt_jwks_url: str | None = Field(
        default=None,
        description="Where the issuer publishes its keys (this or the public key)",
        pattern="^(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])([:/]|$)|$)",
    )
    jwt_public_key: str | None = Field(
        default=None,
        description="Public key of the issuer as PEM, line ends may be written \\n",
    )
    jwt_algorithm: Literal["RS256", "RS512", "PS256", "ES256", "ES384", "Ed25519"] = Field(
        default="RS256",
        description="How tokens are signed",
    )
    jwt_issuer: str = Field(
        description="Issuer that tokens must name (iss)",
        min_length=1,
    )
    jwt_audience: str = Field(
        description="Audience that tokens must name (aud): this server",
        min_length=1,
    )
    jwt_scopes: CommaSeparated = Field(
        default=[],
        description="Scopes that every token must have",
    )
    jwt_signing_key: SecretStr = Field(
        description="Signs the tokens of this server; the same for all replicas",
        min_length=32,
    )
    jwt_other_keys: SecretStr | None = Field(
        default=None,
        description="Former and coming signing keys, whose tokens are good too; comma separated",
        min_length=32,
    )
    allowed_client_redirect_uris: CommaSeparated = Field(
        default=[
            "http://localhost:*",
            "http://127.0.0.1:*",
            "https://claude.ai/api/mcp/auth_callback",
        ],
        description="Where clients may be sent back to; * stands for anything",
    )
    auth0_config_url: str = Field(
        description="Discovery document of the Auth0 tenant",
        pattern="^(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])([:/]|$))",
    )
    auth0_client_id: str = Field(
        description="Client ID of the Auth0 application",
        min_length=1,
    )
    auth0_client_secret: SecretStr = Field(
        description="Client secret of the Auth0 application",
        min_length=1,
    )
    auth0_audience: str = Field(
        description="Identifier of the Auth0 API",
        min_length=1,
    )
    auth0_scopes: CommaSeparated = Field(
        default=[
            "openid",
        ],
        description="What the user is asked for at Auth0",
        min_length=1,
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
        default="everything-server",
        description="Prefix of all collections in the store",
        min_length=1,
    )
    request_state_key: SecretStr = Field(
        description="Seals questions to the user; the same for every process",
        min_length=32,
    )
    redis_url: SecretStr = Field(
        default=SecretStr("redis://localhost:6379/0"),
        description="URL of Redis, for example redis://:password@localhost:6379/0",
        min_length=1,
    )
    database_url: SecretStr = Field(
        default=SecretStr("sqlite+aiosqlite:///database.sqlite3"),
        description="URL of the database, sqlite+aiosqlite:///file or postgresql://user@host/name",
        min_length=1,
    )
    http_base_url: str = Field(
        default="https://example.com",
        description="The only service that the HTTP client talks to",
        pattern="^https?://([^\\s/@?#:\\[\\]]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?(/[^\\s?#]*)?$",
    )
    http_timeout: float = Field(
        default=10.0,
        description="Seconds to wait for a connection, or for the next part of an answer",
        gt=0,
    )
    http_max_connections: int = Field(
        default=20,
        description="Connections of the HTTP client that may be open at once",
        ge=1,
    )
    http_retries: int = Field(
        default=2,
        description="How often a failed GET request is repeated",
        ge=0,
        le=10,
    )
    http_backoff: float = Field(
        default=0.5,
        description="Seconds before the first repeat, doubled for each further one",
        ge=0,
    )
    http_breaker_failures: int = Field(
        default=5,
        description="Failures in a row after which the service is left alone",
        ge=1,
    )
    http_breaker_seconds: float = Field(
        default=30.0,
        description="Seconds for which a failing service is left alone",
        gt=0,
        le=86400,
    )
    ready_timeout: float = Field(
        default=2.0,
        description="Seconds that /ready waits for the checks of what the server depends on",
        gt=0,
    )
    metrics_host: str = Field(
        default="127.0.0.1",
        description="Address that /metrics is served on",
        min_length=1,
    )
    metrics_port: int = Field(
        default=9464,
        description="Port that /metrics is served on; 0 takes any free one",
        ge=0,
        le=65535,
    )
    sentry_dsn: SecretStr | None = Field(
        default=None,
        description="DSN of the Sentry project; without one nothing is sent",
    )
    sentry_environment: str = Field(
        default="production",
        description="Environment that errors are filed under in Sentry",
        min_length=1,
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="Address of the OTLP collector (HTTP); without one nothing is sent",
        pattern="^https?://[^\\s/?#]",
    )
    otlp_headers: SecretStr | None = Field(
        default=None,
        description="Headers for the collector: name=value, separated by commas",
    )
    otlp_service_name: str = Field(
        default="everything-server",
        description="Name of the server in traces and metrics",
        min_length=1,
    )
    otlp_sample_ratio: float = Field(
        default=1.0,
        description="Share of traces that are kept, if the caller hasn't decided: 0 to 1",
        ge=0,
        le=1,
    )
    otlp_metric_interval: float = Field(
        default=60.0,
        description="Seconds between two reports of the metrics",
        gt=0,
        le=86400,
    )
    aws_secret_name: str | None = Field(
        default=None,
        description="Name or ARN of the secret with the settings; empty: none is read",
    )
    aws_secret_region: str | None = Field(
        default=None,
        description="AWS region of the secret; empty: the one of the AWS environment",
    )
    aws_secret_endpoint_url: str | None = Field(
        default=None,
        description="Another endpoint than that of AWS, for development",
    )
    register_name: str = Field(
        default="everything-server",
        description="Name of the server in the gateway, and first part of its tools' names",
        pattern="^[a-zA-Z0-9_. -]{1,255}$",
    )
    register_url: str = Field(
        default="http://127.0.0.1:8000/mcp",
        description="URL that the gateway reaches the server by",
        pattern="^https?://",
    )
    register_tags: CommaSeparated = Field(
        default=[],
        description="Tags that the server is found by in the gateway",
    )
    register_visibility: Literal["public", "team", "private"] = Field(
        default="public",
        description="Who sees the server in the gateway",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where settings come from; what is given in two places is taken from the first."""
        return (
            init_settings,
            env_settings,
            dotenv_settings,
            AwsSecretsSource(settings_cls),
            file_secret_settings,
        )


def load_settings(**overrides: Any) -> Settings:
    """Read the settings, or end with one message that names all that are missing or wrong."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = [
            f"EVERYTHING_SERVER_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise SystemExit("\n  ".join(["Settings are missing or wrong:", *problems])) from None
    except SettingsError as error:
        raise SystemExit(f"Settings are missing or wrong: {error}") from None

"""Settings from AWS Secrets Manager: one secret that is a JSON object."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic_settings import SettingsError

from .secrets_source import TIMEOUT_S, SecretsSource


class AwsSecretsSource(SecretsSource):
    """Reads the secret that the environment or `.env` names, with the credentials of AWS there."""

    def read(self) -> Mapping[str, Any]:
        """Return what the secret holds; nothing where none is named."""
        name = self.given("aws_secret_name")
        return _object(name, self._text(name)) if name else {}

    def _text(self, name: str) -> str:
        try:
            client = boto3.client(
                "secretsmanager",
                region_name=self.given("aws_secret_region") or None,
                endpoint_url=self.given("aws_secret_endpoint_url") or None,
                config=Config(
                    connect_timeout=TIMEOUT_S,
                    read_timeout=TIMEOUT_S,
                    retries={"total_max_attempts": 2},
                ),
            )
            return client.get_secret_value(SecretId=name).get("SecretString", "")
        except (BotoCoreError, ClientError, ValueError) as error:
            raise SettingsError(
                f"AWS Secrets Manager did not give the secret `{name}`: {error}",
            ) from None


def _object(name: str, text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SettingsError(f"The secret `{name}` must be a JSON object of settings by name")
    return found

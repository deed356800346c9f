"""The state of a question to the user, which travels through the client and back."""

from mcp.server.request_state import RequestStateSecurity
from pydantic import SecretStr


def request_state_security(key: SecretStr | None) -> RequestStateSecurity | None:
    """Return what seals the state: every replica with this key can go on with the question.

    Without a key each process makes its own, and questions end when it does.
    """
    return RequestStateSecurity(keys=[key.get_secret_value()]) if key else None

"""Which credential a gateway got last: it never tells, so a salted digest of it is kept.

The digests stand in the user's state folder, mode 0600, and only save a request: where one is
missing, the credential is sent again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.gateway import state

if TYPE_CHECKING:
    from mcpforge.gateway.models import Credential

_FILE = "credentials.json"


def is_known(gateway: str, identifier: str, credential: Credential | None) -> bool:
    """Say whether the gateway has this very credential for a server of it."""
    if credential is None:
        return False
    salt, _, kept = _all().get(_key(gateway, identifier), "").partition(":")
    return bool(kept) and secrets.compare_digest(kept, _digest(salt, credential))


def remember(gateway: str, identifier: str, credential: Credential | None) -> None:
    """Keep the digest of what the gateway got for a server; None forgets it.

    Where the state folder can't be written there is none, and the credential is sent again.
    """
    with contextlib.suppress(ForgeError):
        _keep(_key(gateway, identifier), credential)


def _keep(key: str, credential: Credential | None) -> None:
    known = _all()
    if credential is None and key not in known:
        return
    with _state().lock():
        known = _all()
        known.pop(key, None)
        if credential is not None:
            salt = secrets.token_hex(16)
            known[key] = f"{salt}:{_digest(salt, credential)}"
        _state().write(_FILE, dict(known))


def _state() -> state.State:
    return replace(state.find(), folder=state.find().folder.with_name("registrations"))


def _all() -> dict[str, str]:
    path: Path = _state().folder / _FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _key(gateway: str, identifier: str) -> str:
    return f"{gateway} {identifier}"


def _digest(salt: str, credential: Credential) -> str:
    text = json.dumps(credential.fields(), sort_keys=True)
    return hashlib.sha256(os.fsencode(f"{salt}{text}")).hexdigest()

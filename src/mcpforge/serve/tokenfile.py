"""A file with a token that nobody else can read: read where it is there, made where it is not."""

from __future__ import annotations

import os
import re
import secrets
import stat
from typing import TYPE_CHECKING

from mcpforge.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_TOKEN = re.compile(r"[\x21-\x7e]{20,4096}")
_OTHERS = 0o077


def new_token() -> str:
    """Return a random token: 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def read_or_make(path: Path, root: Path) -> str:
    """Return the token of a file; where there is none, one is made and written with mode 0600.

    Raises `UsageError` for a file that others can read, that is a link, that lies below `root`
    (where agents work), or that holds no token. What it holds is never shown.
    """
    real = path.absolute().parent.resolve() / path.name
    if root in real.parents:
        raise UsageError(
            f"`{path}` is below the folder that agents work in",
            hint="Keep the token elsewhere, for example in your home.",
            code="token_place",
        )
    try:
        return _read(path)
    except FileNotFoundError:
        return _make(path)
    except OSError as error:
        raise _unusable(path, error) from None


def _make(path: Path) -> str:
    token = new_token()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{token}\n")
    except OSError as error:
        raise _unusable(path, error) from None
    return token


def _read(path: Path) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        mine = stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid()
        if not mine or status.st_mode & _OTHERS:
            raise UsageError(
                f"`{path}` can be read by others, or is not yours",
                hint=f"`chmod 600 {path}`, and put a new token into it.",
                code="token_mode",
            )
        text = file.read(5_000).decode("utf-8", "replace").strip()
    if not _TOKEN.fullmatch(text):
        raise UsageError(
            f"`{path}` holds no token of 20 or more visible ASCII characters",
            hint="Delete it, and a new one is made.",
            code="token_form",
        )
    return text


def _unusable(path: Path, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"`{path}` can't be used: {reason}", code="token_file")

"""Run the server of a project for a registration."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mcpforge.errors import ForgeError, UsageError
from mcpforge.gateway import serving
from mcpforge.gateway.access import TOKEN_VARIABLE, UPSTREAM_VARIABLE, is_loopback
from mcpforge.gateway.serving import Running
from mcpforge.gateway.upstream import listens

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpforge.operations.publishing import Offer

__all__ = ["Running", "start", "stop"]


def start(told: Offer, url: str, say: Callable[[str], None]) -> Running:
    """Start a project's server where nothing listens at its URL yet.

    Raises `ForgeError` when it can't be started here, or ends at once.
    """
    if not is_loopback(url):
        raise UsageError(
            f"`{url}` is on another machine, nothing can be started there",
            hint="`--start` is for a URL of this machine.",
        )
    port = urlsplit(url).port or 80
    program = serving.Program((*_command(told), *_words(url, port)), told.root, url)
    if not listens(url):
        say(f"Starting `{told.name}` at {url}")
    # Neither the gateway's token nor that for the server are the server's business.
    hidden = (TOKEN_VARIABLE, UPSTREAM_VARIABLE, "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    return serving.start(program, environment)


def _words(url: str, port: int) -> tuple[str, ...]:
    host = urlsplit(url).hostname or "127.0.0.1"
    return ("--transport", "http", "--host", host, "--port", str(port))


def _command(told: Offer) -> tuple[str, ...]:
    if told.script.is_file():
        return (str(told.script),)
    uv = shutil.which("uv")
    if uv is None:
        raise ForgeError(
            f"`{told.name}` is not installed and neither is `uv`",
            hint="Install uv, see https://docs.astral.sh/uv/, or start the server yourself.",
            code="no_uv",
        )
    return (uv, "run", told.script.name)


def stop(told: Offer) -> bool:
    """End the server of a project that was left running; False where there is none."""
    return serving.stop(told.root)

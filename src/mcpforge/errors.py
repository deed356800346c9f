"""What can go wrong, as data: one sentence, a hint, a stable code and an exit code.

ForgeError                1  refused or failed
├── UsageError            2  the command line or an answer is not right
├── ConflictError         3  both sides changed the same place
├── GatewayError          4  the gateway is not there, or refuses
└── Interruption        130  Ctrl-C, when something was written already
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """The exit codes of the command, the same for every verb."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    CONFLICT = 3
    GATEWAY = 4
    INTERRUPTED = 130


class ForgeError(Exception):
    """Something mcpforge refuses to do, or could not do; nothing was changed."""

    exit_code = ExitCode.REFUSED
    code = "refused"

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        """Keep the sentence for people, the advice, and the stable code for programs."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.code


class UsageError(ForgeError):
    """The command line, an answers file or an answer is not right."""

    exit_code = ExitCode.USAGE
    code = "usage"


class ConflictError(ForgeError):
    """The user and the templates changed the same place; nothing was written."""

    exit_code = ExitCode.CONFLICT
    code = "conflict"


class GatewayError(ForgeError):
    """The gateway can't be reached, or refuses what was asked."""

    exit_code = ExitCode.GATEWAY
    code = "gateway"


class Interruption(ForgeError):
    """The user broke off after something was written; the message says what."""

    exit_code = ExitCode.INTERRUPTED
    code = "interrupted"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `Did you mean ...? ` for the nearest known name, or nothing."""
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean `{near[0]}`? " if near else ""

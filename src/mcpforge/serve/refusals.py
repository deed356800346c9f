"""Errors as agents see them: one sentence, a hint, a code; no traceback and no machine paths."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastmcp.exceptions import NotFoundError, ValidationError
from fastmcp.server.middleware import Middleware
from fastmcp.tools import ToolResult
from pydantic import ValidationError as ArgumentsError

from mcpforge.errors import ForgeError, UsageError

if TYPE_CHECKING:
    from fastmcp.server.middleware import CallNext, MiddlewareContext
    from mcp.types import CallToolRequestParams

    from mcpforge.serve.places import Base

_MOST = 1_000
_LOG = logging.getLogger("mcpforge.serve")


class Refusals(Middleware):
    """Turns whatever a tool raises into a result that an agent can act on."""

    def __init__(self, base: Base) -> None:
        """Keep the folder whose path is told to nobody."""
        self._base = base

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, Any],
    ) -> Any:
        """Call the tool; an error becomes a result with `code`, `message` and `hint`."""
        try:
            return await call_next(context)
        except Exception as error:
            found = _known(error)
        message, hint = (self._base.hidden(text)[:_MOST] for text in (found.message, found.hint))
        return ToolResult(
            content=f"{message} ({found.code})" + (f"\n\nhint: {hint}" if hint else ""),
            structured_content={"code": found.code, "message": message, "hint": hint},
            is_error=True,
        )


def _known(error: Exception) -> ForgeError:
    cause = error if isinstance(error, ForgeError) else error.__cause__
    if isinstance(cause, ForgeError):
        return cause
    if isinstance(cause, ArgumentsError):
        return _arguments(cause)
    if isinstance(error, NotFoundError | ValidationError):
        return UsageError(str(error).partition("\n")[0], code="bad_arguments")
    kind = type(cause or error).__name__
    _LOG.error("A tool met a bug", exc_info=cause or error)
    return ForgeError(
        f"mcpforge met a bug: {kind}",
        hint="Nothing half-done is left: the journal puts the project in order. Please report it.",
        code="bug",
    )


def _arguments(error: ArgumentsError) -> UsageError:
    """Return what is wrong with the arguments, without repeating them."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part)[:40] for part in first["loc"]) or "arguments"
    reason = str(first["msg"])
    return UsageError(
        f"`{where}`: {reason[:1].lower()}{reason[1:]}",
        hint="The tool's input schema says what it takes.",
        code="bad_arguments",
    )

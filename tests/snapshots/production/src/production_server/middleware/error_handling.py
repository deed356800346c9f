"""Errors: logged and counted for the operator, without inner details for the client."""

import logging
from typing import Any

from fastmcp.exceptions import (
    DisabledError,
    FastMCPError,
    McpError,
    NotFoundError,
    PromptError,
    ValidationError,
)
from fastmcp.prompts import PromptResult
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.server.middleware.error_handling import ErrorHandlingMiddleware
from fastmcp.tools import ToolResult
from mcp.types import INTERNAL_ERROR, CallToolRequestParams, GetPromptRequestParams
from mcp.types.methods import SPEC_CLIENT_METHODS, SPEC_CLIENT_NOTIFICATION_METHODS
from pydantic import ValidationError as InvalidArguments

logger = logging.getLogger(__name__)

# What is meant for the caller, or masked already. Anything else, such as the error of a store that
# can't be reached, older clients would get with its text.
MEANT = (McpError, FastMCPError, NotFoundError, DisabledError, InvalidArguments)
METHODS = SPEC_CLIENT_METHODS | SPEC_CLIENT_NOTIFICATION_METHODS


class ErrorMiddleware(ErrorHandlingMiddleware):
    """Logs and counts errors but leaves them as they are: a model can read those of tools."""

    def __init__(self, *, mask: bool) -> None:
        """Mask what is not meant for the caller, or leave it for debugging."""
        super().__init__(logger=logger, transform_errors=False)
        self.mask = mask

    async def on_message(
        self,
        context: MiddlewareContext[Any],
        call_next: CallNext[Any, Any],
    ) -> object:
        """Log and count the error of one message."""
        try:
            return await call_next(context)
        except Exception as error:
            # A method that doesn't exist is made up by the caller: each would be counted for ever.
            method = context.method if context.method in METHODS else "unknown method"
            name = type(error).__name__
            self.error_counts[f"{name}:{method}"] = self.error_counts.get(f"{name}:{method}", 0) + 1
            logger.error("Error in %s: %s: %s", method, name, error)
            if self.mask and not isinstance(error, MEANT):
                raise McpError(code=INTERNAL_ERROR, message="Internal server error") from error
            raise


class MaskErrorsMiddleware(Middleware):
    """Keeps argument values out of errors and logs and, with `prompts`, details of prompt errors.

    FastMCP's own mask covers tools and resources, not prompts.
    """

    def __init__(self, *, prompts: bool) -> None:
        """Mask the errors of prompts, or leave them for debugging."""
        self.prompts = prompts

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Say which arguments are wrong and why, without repeating their values."""
        try:
            return await call_next(context)
        except ValidationError as error:
            if not isinstance(error.__cause__, InvalidArguments):
                raise
            message = _without_values(error.__cause__)
            raise ValidationError(message, log_level=error.log_level) from None

    async def on_get_prompt(
        self,
        context: MiddlewareContext[GetPromptRequestParams],
        call_next: CallNext[GetPromptRequestParams, PromptResult],
    ) -> PromptResult:
        """Replace the text of an unexpected error; a prompt's own `PromptError` is kept."""
        try:
            return await call_next(context)
        except PromptError as error:
            if not self.prompts or error.__cause__ is None:
                raise
            message = f"Error rendering prompt {context.message.name!r}"
            raise PromptError(message) from error.__cause__


def _without_values(error: InvalidArguments) -> str:
    problems = "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}"
        for item in error.errors(include_input=False, include_url=False)
    )
    count = error.error_count()
    return f"{count} validation error{'s' if count > 1 else ''} for {error.title}: {problems}"

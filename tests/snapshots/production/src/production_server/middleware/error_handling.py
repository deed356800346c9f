"""Errors: logged and counted for the operator, without inner details for the client."""

import logging

from fastmcp.exceptions import PromptError, ValidationError
from fastmcp.prompts import PromptResult
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.server.middleware.error_handling import ErrorHandlingMiddleware
from fastmcp.tools import ToolResult
from mcp.types import CallToolRequestParams, GetPromptRequestParams
from pydantic import ValidationError as InvalidArguments

logger = logging.getLogger(__name__)


def build_error_handling() -> ErrorHandlingMiddleware:
    """Log and count errors but leave them as they are: a model can read those of tools."""
    return ErrorHandlingMiddleware(logger=logger, transform_errors=False)


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

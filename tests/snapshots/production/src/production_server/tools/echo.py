"""Text tools."""

from typing import Annotated

from fastmcp.tools import tool
from mcp.types import ToolAnnotations
from pydantic import Field


@tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
def echo(
    text: Annotated[str, Field(max_length=10_000, description="The text to return")],
) -> str:
    """Return the text unchanged."""
    return text

"""A tool that asks another service."""

from typing import Annotated

import httpx2
from fastmcp.dependencies import Depends
from fastmcp.exceptions import ToolError
from fastmcp.tools import tool
from mcp.types import ToolAnnotations
from pydantic import Field

from ..http_client import Document, UpstreamError, get_http_client, read_document


@tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=True))
async def fetch(
    path: Annotated[
        str,
        Field(max_length=500, description="Path below the base URL of the service"),
    ],
    client: httpx2.AsyncClient = Depends(get_http_client),
) -> Document:
    """Get JSON or text from the configured service."""
    try:
        return await read_document(client, path)
    except UpstreamError as error:
        raise ToolError(str(error)) from None

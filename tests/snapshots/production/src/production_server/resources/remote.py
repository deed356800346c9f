"""Documents of the service behind `http_base_url` as resources."""

import json

import httpx2
from fastmcp.dependencies import Depends
from fastmcp.exceptions import ResourceError
from fastmcp.resources import ResourceContent, ResourceResult, resource

from ..http_client import UpstreamError, get_http_client, read_document


@resource("remote://{path*}")
async def get_remote(
    path: str,
    client: httpx2.AsyncClient = Depends(get_http_client),
) -> ResourceResult:
    """Load a document from the configured service; the path is below its base URL."""
    try:
        document = await read_document(client, path)
    except UpstreamError as error:
        raise ResourceError(str(error)) from None
    content = document.content
    text = content if isinstance(content, str) else json.dumps(content)
    return ResourceResult([ResourceContent(text, mime_type=document.media_type)])

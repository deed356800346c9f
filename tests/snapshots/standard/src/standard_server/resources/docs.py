"""The documentation folder as resources."""

from typing import Any

import anyio
from fastmcp.dependencies import Depends
from fastmcp.exceptions import ResourceError
from fastmcp.resources import resource

from ..content import ContentError, read_text
from ..lifespan import get_settings
from ..settings import Settings


@resource("docs://", mime_type="application/json")
async def docs_directory(settings: Settings = Depends(get_settings)) -> list[dict[str, Any]]:
    """List all documentation files."""
    folder = anyio.Path(settings.content_dir) / "docs"
    if not await folder.is_dir():
        return []
    files = sorted([file async for file in folder.glob("*.md") if await file.is_file()])
    return [
        {
            "uri": f"docs://{file.stem}",
            "name": file.name,
            "size": (await file.stat()).st_size,
        }
        for file in files
    ]


@resource("docs://{name}", mime_type="text/markdown")
async def get_document(name: str, settings: Settings = Depends(get_settings)) -> str:
    """Read one documentation file."""
    try:
        return await read_text(settings.content_dir / "docs", f"{name}.md")
    except ContentError as error:
        raise ResourceError(str(error)) from None

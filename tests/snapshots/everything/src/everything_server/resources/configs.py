"""Configuration files as resources."""

import json

from fastmcp.dependencies import Depends
from fastmcp.exceptions import ResourceError
from fastmcp.resources import resource

from ..content import ContentError, read_text
from ..lifespan import get_settings
from ..settings import Settings


@resource("config://{name}", mime_type="application/json")
async def get_config(name: str, settings: Settings = Depends(get_settings)) -> str:
    """Load a configuration file by name."""
    try:
        text = await read_text(settings.content_dir / "configs", f"{name}.json")
        json.loads(text)
    except ContentError as error:
        raise ResourceError(str(error)) from None
    except ValueError:
        raise ResourceError(f"The configuration {name!r} is not JSON.") from None
    return text

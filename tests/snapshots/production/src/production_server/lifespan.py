"""What lives as long as the server: opened at start, closed at the end."""

from collections.abc import AsyncIterator
from functools import reduce
from operator import or_
from typing import Any

from fastmcp import Context, FastMCP
from fastmcp.dependencies import CurrentContext
from fastmcp.server.lifespan import Lifespan, lifespan

from .settings import Settings


def compose(*lifespans: Lifespan) -> Lifespan:
    """Enter them from first to last and leave in the reverse order; their states are merged."""
    return reduce(or_, lifespans)


def settings_lifespan(settings: Settings) -> Lifespan:
    """Make the settings reachable from tools, resources and prompts."""

    @lifespan
    async def publish(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        yield {"settings": settings}

    return publish


def get_settings(context: Context = CurrentContext()) -> Settings:
    """Return the settings. Use as `settings: Settings = Depends(get_settings)`."""
    settings = context.lifespan_context["settings"]
    assert isinstance(settings, Settings)
    return settings

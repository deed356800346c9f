"""Preferences: small texts that the server remembers for its users."""

import hashlib
from typing import Annotated

from fastmcp.dependencies import Depends
from fastmcp.server.sessions import current_principal
from fastmcp.tools import tool
from key_value.aio.protocols import AsyncKeyValue
from mcp.types import ToolAnnotations
from pydantic import Field

from ..storage import get_storage

YEAR = 365 * 24 * 3600

Key = Annotated[str, Field(min_length=1, max_length=100, description="Name of the preference")]


def collection() -> str:
    """Return where the caller's preferences are: without sign-in all callers are one user."""
    principal = current_principal() or "everybody"
    return f"preferences-{hashlib.sha256(principal.encode()).hexdigest()[:32]}"


@tool(annotations=ToolAnnotations(destructive_hint=False, open_world_hint=False))
async def save_preference(
    key: Key,
    value: Annotated[str, Field(max_length=10_000, description="What to remember")],
    storage: AsyncKeyValue = Depends(get_storage),
) -> str:
    """Remember a preference of the user for a year."""
    await storage.put(key, {"value": value}, collection=collection(), ttl=YEAR)
    return f"Saved {key}"


@tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
async def get_preference(
    key: Key,
    storage: AsyncKeyValue = Depends(get_storage),
) -> str:
    """Return a preference of the user, or "not found"."""
    found = await storage.get(key, collection=collection())
    return str(found["value"]) if found else "not found"

"""A database query as a resource."""

from typing import Annotated, Any

from fastmcp.dependencies import Depends
from fastmcp.resources import resource
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from ..database import get_sessions
from ..models import select_notes


@resource("notes://search{?text,limit}", mime_type="application/json")
async def search_notes(
    text: Annotated[str, Field(max_length=200)] = "",
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    sessions: async_sessionmaker[AsyncSession] = Depends(get_sessions),
) -> list[dict[str, Any]]:
    """Search the notes, newest first; the values are bound parameters, never part of the SQL."""
    async with sessions() as session:
        notes = await session.scalars(select_notes(text, limit))
        return [{"id": note.id, "text": note.text} for note in notes]

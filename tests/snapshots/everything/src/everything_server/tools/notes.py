"""Tools that use the database."""

from typing import Annotated

from fastmcp.dependencies import Depends
from fastmcp.tools import tool
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from ..database import get_sessions
from ..models import Note, select_notes


class SavedNote(BaseModel):
    """A note of the database."""

    id: int
    text: str


@tool(annotations=ToolAnnotations(destructive_hint=False, open_world_hint=False))
async def add_note(
    text: Annotated[str, Field(min_length=1, max_length=10_000, description="What to remember")],
    sessions: async_sessionmaker[AsyncSession] = Depends(get_sessions),
) -> SavedNote:
    """Save a note."""
    async with sessions.begin() as session:
        note = Note(text=text)
        session.add(note)
        await session.flush()
        return SavedNote(id=note.id, text=note.text)


@tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
async def find_notes(
    text: Annotated[str, Field(max_length=200, description="Text that the notes contain")] = "",
    limit: Annotated[int, Field(ge=1, le=100, description="Notes to return at most")] = 20,
    sessions: async_sessionmaker[AsyncSession] = Depends(get_sessions),
) -> list[SavedNote]:
    """Find notes, newest first."""
    async with sessions() as session:
        notes = await session.scalars(select_notes(text, limit))
        return [SavedNote(id=note.id, text=note.text) for note in notes]

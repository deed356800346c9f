"""The tables, and the queries that several modules share."""

from sqlalchemy import Select, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base


class Note(Base):
    """A note."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)


def select_notes(text: str, limit: int) -> Select[Note]:
    """Select the notes that contain the text, newest first."""
    query = select(Note).where(Note.text.icontains(text, autoescape=True))
    return query.order_by(Note.id.desc()).limit(limit)

"""The database: a connection pool that is opened with the server and closed at its end."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastmcp import Context, FastMCP
from fastmcp.dependencies import CurrentContext
from fastmcp.server.lifespan import Lifespan, lifespan
from sqlalchemy import select
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.schema import CreateTable

from .settings import Settings


class Base(DeclarativeBase):
    """What all tables have in common."""


async def create_tables(engine: AsyncEngine) -> None:
    """Create the tables that don't exist; several workers may do so at once."""
    async with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            await connection.execute(CreateTable(table, if_not_exists=True))


def database_lifespan(settings: Settings) -> Lifespan:
    """Open the pool, and close it at the end."""

    @lifespan
    async def open_database(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        url = settings.database_url.get_secret_value()
        engine = create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
        try:
            await create_tables(engine)
            yield {"database": async_sessionmaker(engine, expire_on_commit=False)}
        finally:
            await engine.dispose()

    return open_database


def get_sessions(context: Context = CurrentContext()) -> async_sessionmaker[AsyncSession]:
    """Return the maker of sessions.

    Use as `sessions: async_sessionmaker[AsyncSession] = Depends(get_sessions)`, then
    `async with sessions() as session` to read, `async with sessions.begin() as session` to write.
    """
    sessions = context.lifespan_context["database"]
    assert isinstance(sessions, async_sessionmaker)
    return sessions


async def check_database(state: Mapping[str, Any]) -> None:
    """Raise an error if the database doesn't answer."""
    async with state["database"]() as session:
        await session.execute(select(1))

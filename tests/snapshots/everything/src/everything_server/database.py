"""The database: a connection pool that is opened with the server and closed at its end."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastmcp import Context, FastMCP
from fastmcp.dependencies import CurrentContext
from fastmcp.server.lifespan import Lifespan, lifespan
from sqlalchemy import func, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.schema import CreateTable

from .settings import Settings

FORM = "must be like sqlite+aiosqlite:///file or postgresql://user@host/name"
POSTGRESQL = "postgresql+asyncpg"
CONNECT_S = 5.0
COMMAND_S = 30.0
TABLES_LOCK = 7_274_619  # any number that nothing else in the database locks


class Base(DeclarativeBase):
    """What all tables have in common."""


def create_engine(url: str) -> AsyncEngine:
    """Return the connection pool of a URL; `postgresql://` is served by asyncpg.

    Ends the start when the URL is none, or needs a driver that isn't there.
    """
    limits = {"timeout": CONNECT_S, "command_timeout": COMMAND_S}
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername=POSTGRESQL)
        return create_async_engine(
            parsed,
            connect_args=limits if parsed.drivername == POSTGRESQL else {},
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except (ImportError, SQLAlchemyError, ValueError):
        raise SystemExit(
            f"EVERYTHING_SERVER_DATABASE_URL {FORM}",
        ) from None


async def create_tables(engine: AsyncEngine) -> None:
    """Create the tables that don't exist; several workers may do so at once."""
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # where "if not exists" doesn't wait for others
            await connection.execute(select(func.pg_advisory_xact_lock(TABLES_LOCK)))
        for table in Base.metadata.sorted_tables:
            await connection.execute(CreateTable(table, if_not_exists=True))


def database_lifespan(settings: Settings) -> Lifespan:
    """Open the pool, and close it at the end."""
    engine = create_engine(settings.database_url.get_secret_value())

    @lifespan
    async def open_database(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
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

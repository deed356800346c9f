"""The database lives as long as the server."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastmcp import FastMCP
from pydantic import SecretStr
from sqlalchemy import Column, Integer, Table, Text, func, insert, make_url, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from everything_server import database
from everything_server.server import create_server
from everything_server.settings import Settings

VARIABLE = "EVERYTHING_SERVER_TEST_DATABASE_URL"
URL = os.environ.get(VARIABLE, "")
needs_postgresql = pytest.mark.skipif(not URL, reason=f"{VARIABLE} is not set")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
async def settings(
    request: pytest.FixtureRequest,
    settings: Settings,
) -> AsyncIterator[Settings]:
    """Return settings with an empty database of each kind."""
    if request.param == "sqlite":
        yield settings
        return
    name = f"test_{uuid.uuid4().hex}"
    engine = database.create_engine(URL)
    commands = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with commands.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
        url = make_url(URL).set(database=name).render_as_string(hide_password=False)
        yield settings.model_copy(update={"database_url": SecretStr(url)})
        await connection.execute(text(f"DROP DATABASE {name}"))
    await engine.dispose()


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Table:
    """Add a table for the test alone."""

    class Base(database.Base):
        __abstract__ = True
        metadata = database.Base.metadata.__class__()

    monkeypatch.setattr(database, "Base", Base)
    return Table(
        "probe",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("text", Text, nullable=True),
    )


async def count(sessions: async_sessionmaker[AsyncSession], table: Table) -> int | None:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(table))


async def test_tables_are_created_by_several_workers(
    settings: Settings,
    server: FastMCP,
    probe: Table,
) -> None:
    async def start() -> None:
        async with database.database_lifespan(settings)(server) as state:
            sessions: async_sessionmaker[AsyncSession] = state["database"]
            async with sessions.begin() as session:
                await session.execute(insert(probe))

    await asyncio.gather(start(), start(), start())
    async with database.database_lifespan(settings)(server) as state:
        assert await count(state["database"], probe) == 3


async def test_failed_changes_are_taken_back(
    settings: Settings,
    server: FastMCP,
    probe: Table,
) -> None:
    async def fail(sessions: async_sessionmaker[AsyncSession]) -> None:
        async with sessions.begin() as session:
            await session.execute(insert(probe))
            raise ValueError("too late")

    async with database.database_lifespan(settings)(server) as state:
        with pytest.raises(ValueError, match="too late"):
            await fail(state["database"])
        assert await count(state["database"], probe) == 0


async def test_values_are_never_sql(
    settings: Settings,
    server: FastMCP,
    probe: Table,
) -> None:
    value = "'); DROP TABLE probe; --"
    async with database.database_lifespan(settings)(server) as state:
        sessions: async_sessionmaker[AsyncSession] = state["database"]
        async with sessions.begin() as session:
            await session.execute(insert(probe).values(text=value))
        async with sessions() as session:
            found = await session.scalar(select(probe.c.text).where(probe.c.text == value))
            assert found == value
            guess = select(probe.c.id).where(probe.c.text == "' OR ''='")
            assert await session.scalar(guess) is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_postgresql_by_url(scheme: str) -> None:
    engine = database.create_engine(f"{scheme}://user:p%40ss@db.example/name")
    assert engine.dialect.driver == "asyncpg"
    assert engine.url.password == "p@ss"


async def test_readiness(settings: Settings, server: FastMCP) -> None:
    async with database.database_lifespan(settings)(server) as state:
        await database.check_database(state)


async def test_a_database_that_is_none(
    settings: Settings,
    server: FastMCP,
    tmp_path: Path,
) -> None:
    file = tmp_path / "broken.sqlite3"
    file.write_text("This is not a database, but it is long enough to look at.", encoding="utf-8")
    url = SecretStr(f"sqlite+aiosqlite:///{file}")
    lifespan = database.database_lifespan(settings.model_copy(update={"database_url": url}))
    with pytest.raises(DatabaseError):
        async with lifespan(server):
            pass


@pytest.mark.parametrize(
    "url",
    ["swordfish", "sqlite:///file", "mysql://:swordfish@host/name", "postgresql://host:port/name"],
)
def test_other_urls_end_the_start(url: str) -> None:
    with pytest.raises(SystemExit, match="DATABASE_URL must be like") as caught:
        create_server(Settings(database_url=SecretStr(url)))
    assert "swordfish" not in str(caught.value)

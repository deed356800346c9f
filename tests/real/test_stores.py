"""Each store against its server: what projects keep there is shared, kept, encrypted, and ends."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from mcpforge.catalog.catalog import load
from real import servers, stores
from real.cover import Case
from real.workshop import Project, Words, absent, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real.workshop import Workshop

pytestmark = [pytest.mark.real, pytest.mark.service]
# Nothing that runs here stands for these: their tests only build the store.
CONSTRUCTED = {"aerospike", "elasticsearch"}
OTHERS = {"memory", "filetree", "redis"}  # which test_projects.py covers
FERNET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OWN = "tests/test_database.py"
FIRST_NUMBER = 100  # behind the projects of the plan


def test_every_store_is_run_or_named() -> None:
    known = {feature.id for feature in load().members("storage")}
    assert stores.KINDS.keys() | CONSTRUCTED | OTHERS == known


@pytest.fixture(params=stores.KINDS)
def store(request: pytest.FixtureRequest) -> str:
    """Return each store in turn."""
    name: str = request.param
    return name


@pytest.fixture
def running(store: str, workshop: Workshop, tmp_path: Path) -> Iterator[stores.Running]:
    """Run the server of a store."""
    kind = stores.KINDS[store]
    with ExitStack() as stack:
        try:
            found = stack.enter_context(kind.start(stores.services(workshop), tmp_path))
        except stores.MissingError as error:
            absent(error, optional=kind.optional)
        yield found


@pytest.fixture
def stored(store: str, workshop: Workshop) -> Project:
    """Return a project that uses the store, for users who sign in with JWTs."""
    number = FIRST_NUMBER + list(stores.KINDS).index(store)
    features = (store, "jwt")
    case = Case(f"keeps-{number}", features, frozenset(features), number=number)
    return workshop.project(case)


@pytest.fixture
def values(stored: Project, running: stores.Running, world: servers.Outside) -> dict[str, str]:
    """Return the environment of the project's processes."""
    settings = {**running.settings, "storage_keys": FERNET}
    return servers.environment(stored, world, None, **settings) | dict(running.environment)


async def save(served: servers.Served, token: str, value: str) -> None:
    async with servers.client(served.transport(token)) as client:
        await client.call_tool("save_preference", {"key": "colour", "value": value})


async def read(served: servers.Served, token: str) -> str:
    async with servers.client(served.transport(token)) as client:
        result = await client.call_tool("get_preference", {"key": "colour"})
        return str(result.data)


def folder(base: Path, name: str) -> Path:
    made = base / name
    made.mkdir()
    return made


def test_what_is_stored(
    store: str, stored: Project, values: dict[str, str], world: servers.Outside, tmp_path: Path
) -> None:
    """Two users, two processes at once, a restart with encryption on, another prefix."""
    kind = stores.KINDS[store]
    ada, bob = world.token(subject="ada"), world.token(subject="bob")
    prefix = f"{stored.answers.env_prefix}STORAGE_"
    with servers.serve(stored, values, folder(tmp_path, "first")) as first:
        asyncio.run(save(first, ada, "swordfish"))
        asyncio.run(save(first, bob, "marlin"))
        assert asyncio.run(read(first, ada)) == "swordfish"
        if kind.shared:
            with servers.serve(stored, values, folder(tmp_path, "second")) as second:
                assert asyncio.run(read(second, bob)) == "marlin"
                asyncio.run(save(second, ada, "carp"))
            assert asyncio.run(read(first, ada)) == "carp"
    assert "marlin" in dump(store, stored, values)
    hidden = {**values, f"{prefix}ENCRYPTED": "true"}
    with servers.serve(stored, hidden, folder(tmp_path, "restarted")) as again:
        assert asyncio.run(read(again, bob)) == "marlin"
        asyncio.run(save(again, bob, "barracuda"))
        assert asyncio.run(read(again, bob)) == "barracuda"
    everything = dump(store, stored, values)
    assert "barracuda" not in everything
    assert "marlin" not in everything
    for served in (first, again):
        assert served.code in {0, -15}
        for secret in servers.secret_values(stored, values):
            assert secret not in served.text


def dump(store: str, project: Project, values: dict[str, str]) -> str:
    """Return all that the store holds, read by the vendor's own client."""
    kind = stores.KINDS[store]
    setting = project.setting(kind.address)
    assert setting
    command: Words = [project.python, "-W", "ignore", "-c", kind.dump, values[setting.env]]
    return run(command, cwd=project.root, env=values).stdout


def test_the_project_s_own_tests_of_the_store(
    store: str, stored: Project, running: stores.Running
) -> None:
    """They hold what ends, odd keys, and uses and prefixes that never meet."""
    kind = stores.KINDS[store]
    name = f"{stored.answers.env_prefix}TEST_{kind.address.upper()}"
    environment = {**stored.base_environment, **running.environment}
    environment[name] = running.settings[kind.address]
    path = f"tests/test_{store.replace('-', '_')}.py"
    command: Words = [stored.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
    done = run(command, cwd=stored.root, env=environment)
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.fixture
def database() -> Iterator[str]:
    """Run a PostgreSQL for the feature `database`; gives its URL."""
    try:
        with stores.postgresql() as url:
            yield url
    except stores.MissingError as error:
        absent(error, optional=False)


def test_the_database_on_postgresql(database: str, workshop: Workshop, tmp_path: Path) -> None:
    """Its own tests run on both kinds; notes are kept, and no text is ever SQL."""
    case = Case("notes-on-pg", ("database",), frozenset({"database"}), number=FIRST_NUMBER - 1)
    project = workshop.project(case)
    prefix = project.answers.env_prefix
    environment = {**project.base_environment, f"{prefix}TEST_DATABASE_URL": database}
    command: Words = [project.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", OWN]
    done = run(command, cwd=project.root, env=environment)
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
    values = {**project.base_environment, f"{prefix}DATABASE_URL": database}
    text = "'); DROP TABLE notes; --"

    async def use(found: list[str]) -> None:
        async with servers.client(servers.stdio(project, values, tmp_path)) as client:
            result = await client.call_tool("find_notes", {"text": "' OR '1'='1"})
            assert result.structured_content == {"result": []}
            result = await client.call_tool("find_notes", {"text": text})
            assert [note["text"] for note in result.structured_content["result"]] == found
            await client.call_tool("add_note", {"text": text})

    asyncio.run(use([]))
    asyncio.run(use([text]))
    log = (tmp_path / "stdio.log").read_text(encoding="utf-8")
    assert database not in log
    assert "DROP TABLE" not in log

"""What real projects share: made once, whichever worker comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from real import servers
from real.cover import Case
from real.workshop import ENVIRONMENT, Project, Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Workshop:
    """Return the workshop of this session; all workers have the same."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "real"
    folder.mkdir(exist_ok=True)
    return Workshop(folder)


@pytest.fixture(scope="session")
def world() -> Iterator[servers.Outside]:
    """Serve what is outside of a project."""
    with servers.outside() as found:
        yield found


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RedisServer | None]:
    """Run a Redis for this worker; None where it isn't installed and needn't be."""
    try:
        with servers.redis_server(tmp_path_factory.mktemp("redis")) as found:
            yield found
    except servers.RedisMissingError:
        if ENVIRONMENT.get("MCPFORGE_REQUIRE_SERVICES") == "1":
            pytest.fail("redis-server is not installed, but MCPFORGE_REQUIRE_SERVICES is 1")
        yield None


@pytest.fixture
def project(case: Case, workshop: Workshop) -> Project:
    """Return the project of a case, made and installed."""
    return workshop.project(case)


@pytest.fixture
def redis(project: Project, redis_server: servers.RedisServer | None) -> servers.RedisServer | None:
    """Return the Redis for a project that needs one, None for the others."""
    if project.setting("redis_url") is None:
        return None
    if redis_server is None:
        pytest.skip("redis-server is not installed")
    return redis_server


@pytest.fixture
def values(
    project: Project, world: servers.Outside, redis: servers.RedisServer | None
) -> dict[str, str]:
    """Return the environment of the project's processes."""
    return servers.environment(project, world, redis)

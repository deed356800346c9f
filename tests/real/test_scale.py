"""Two replicas of one server with one storage: one limit, one cache, the same sign-ins."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from real import balancer, servers
from real.cover import Case
from real.fake_idp import Client as KnownClient
from real.fake_idp import identity_provider
from real.load import load
from real.oauth_client import Browser, SignIn, call
from real.test_load import cases
from real.test_presets import needed_redis
from real.test_projects import sign_in
from real.workshop import absent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real.workshop import Project, Words, Workshop

pytestmark = [
    pytest.mark.real,
    pytest.mark.service,
    pytest.mark.filterwarnings("ignore:Using in-memory token storage:UserWarning"),
]
LIMIT = 40


@pytest.fixture
def scaled(workshop: Workshop) -> Project:
    """Return the production project, the one that test_load.py drives."""
    return workshop.project(cases()[0])


@pytest.fixture
def shared(
    scaled: Project,
    world: servers.Outside,
    redis_server: servers.RedisServer | None,
) -> Iterator[dict[str, str]]:
    """Return the environment that all replicas have in common; its Redis is empty at first."""
    redis = needed_redis(scaled, redis_server)
    assert redis
    assert redis.command("flushdb", database=110) == ["OK"]
    yield servers.environment(
        scaled, world, redis, redis_url=redis.url(110), rate_limit=f"{LIMIT}/hour"
    )
    redis.command("flushdb", database=110)


def replicas(
    stack: ExitStack, project: Project, values: dict[str, str], folder: Path, *commands: Words
) -> list[servers.Served]:
    """Start a replica by each command."""
    running = []
    for number, command in enumerate(commands):
        place = folder / str(number)
        place.mkdir(exist_ok=True)
        metrics = project.setting("metrics_port")
        own = {metrics.env: str(servers.free_port())} if metrics else {}
        place_of_metrics = place / "metrics"
        place_of_metrics.mkdir()
        own["PROMETHEUS_MULTIPROC_DIR"] = str(place_of_metrics)
        running.append(
            stack.enter_context(servers.serve(project, {**values, **own}, place, command=command))
        )
    return running


def test_all_workers_of_all_replicas_keep_one_limit(
    scaled: Project, shared: dict[str, str], world: servers.Outside, tmp_path: Path
) -> None:
    token = sign_in(scaled, shared, world)
    assert token
    uvicorn: Words = [
        *(scaled.python, "-m", "uvicorn", f"{scaled.package}.asgi:app"),
        *("--workers", "2"),
    ]

    async def both(running: list[servers.Served]) -> int:
        done = await asyncio.gather(
            *(load(one.url, token, calls=LIMIT, clients=8) for one in running)
        )
        refused = [failure for one in done for failure in one.failures]
        assert all("Rate limit exceeded" in failure for failure in refused), refused
        return sum(one.calls - one.failures.total() for one in done)

    with ExitStack() as stack:
        running = replicas(stack, scaled, shared, tmp_path, uvicorn, uvicorn)
        assert asyncio.run(both(running)) == LIMIT


def test_what_one_replica_keeps_the_other_has(
    scaled: Project, shared: dict[str, str], world: servers.Outside, tmp_path: Path
) -> None:
    token = sign_in(scaled, shared, world)
    commands = []
    for number in range(2):
        place = tmp_path / str(number)
        place.mkdir()
        script: Words = [scaled.script, "--transport", "http"]
        commands.append([scaled.python, servers.PROBE, scaled.package, place, *script])

    async def use(first: servers.Served, second: servers.Served) -> None:
        async with (
            servers.client(first.transport(token)) as one,
            servers.client(second.transport(token)) as other,
        ):
            for client in (one, other, one):
                answer = await client.call_tool("count_primes", {"limit": 1000})
                assert answer.data == 168
            await one.call_tool("save_preference", {"key": "unit", "value": "metre"})
            assert (await other.call_tool("get_preference", {"key": "unit"})).data == "metre"

    with ExitStack() as stack:
        first, second = replicas(stack, scaled, shared, tmp_path, *commands)
        asyncio.run(use(first, second))
    ran = [(tmp_path / str(n) / "calls").read_text(encoding="utf-8").split() for n in range(2)]
    assert ran == [["count_primes", "save_preference"], ["get_preference"]]


def test_a_sign_in_goes_on_at_any_replica(
    workshop: Workshop,
    world: servers.Outside,
    redis_server: servers.RedisServer | None,
    tmp_path: Path,
) -> None:
    """Each request of one sign-in meets the other replica: a balancer hands them out in turn."""
    if balancer.installed() is None:
        absent("nginx")
    chosen = ("oidc", "redis")
    project = workshop.project(
        Case(name="signed-in", features=chosen, chosen=frozenset(chosen), number=92)
    )
    redis = needed_redis(project, redis_server)
    assert redis
    front = servers.free_port()
    url = f"http://127.0.0.1:{front}"
    with identity_provider(tmp_path) as idp, ExitStack() as stack:
        idp.issuer, idp.audience = idp.url, "api"
        values = servers.environment(
            project,
            world,
            redis,
            redis_url=redis.url(111),
            oidc_config_url=f"{idp.url}/.well-known/openid-configuration",
            oidc_audience="api",
            oidc_client_id="ours",
            oidc_client_secret="confidential",
            allowed_hosts=f"127.0.0.1:{front}",
        )
        idp.clients["ours"] = KnownClient("confidential", redirect_uris=[f"{url}/auth/callback"])
        running = []
        for number in range(2):
            place = tmp_path / str(number)
            place.mkdir()
            served = servers.serve(project, values, place, base_url=url)
            running.append(stack.enter_context(served))
        ports = [one.port for one in running]
        stack.enter_context(balancer.balancing(front, ports, tmp_path))
        client = SignIn(Browser(idp))
        for _ in range(4):
            assert asyncio.run(call(url, client)) == "signed in"
        assert client.browser.consents == 1
    for one in running:
        assert "/token" in one.text or "/auth/callback" in one.text
        assert "Traceback" not in one.text

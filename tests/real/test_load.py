"""The production server under load, beside the same one without middleware, in one run."""

from __future__ import annotations

import asyncio
import statistics
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mcpforge.catalog.catalog import load as load_catalog
from real import servers
from real.cover import Case
from real.load import load
from real.test_presets import needed_redis
from real.test_projects import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from real.workshop import Workshop

pytestmark = [pytest.mark.real, pytest.mark.service]
CLIENTS = 16
CALLS = 500
ROUNDS, MOST_ROUNDS = 5, 15
MEGABYTES = 30  # what a server may grow by: caches and pools that fill, no leak


def cases() -> tuple[Case, Case]:
    """Return the production project, and one of the same features but the middleware."""
    catalog = load_catalog()
    features = catalog.preset("production")
    bare = tuple(one for one in features if catalog.features[one].group != "middleware")
    return tuple(  # type: ignore[return-value]
        Case(name=name, features=chosen, chosen=frozenset(chosen), number=number)
        for number, (name, chosen) in enumerate({"loaded": features, "bare": bare}.items(), 90)
    )


@pytest.fixture
def running(
    backend: str,
    workshop: Workshop,
    world: servers.Outside,
    redis_server: servers.RedisServer | None,
    tmp_path: Path,
) -> Iterator[list[tuple[servers.Served, str]]]:
    """Start both servers on a backend; give each with a token that it knows."""
    with ExitStack() as stack:
        started = []
        for case in cases():
            project = workshop.project(case)
            redis = needed_redis(project, redis_server)
            assert redis
            folder = tmp_path / case.name
            folder.mkdir()
            values = servers.environment(
                project,
                world,
                redis,
                redis_url=redis.url(case.number) if backend == "redis" else "memory://",
                rate_limit="1000000/second",
                address_limit="1000000/second",
            )
            token = sign_in(project, values, world)
            assert token
            started.append((stack.enter_context(servers.serve(project, values, folder)), token))
        yield started


@pytest.mark.parametrize(("backend", "least"), [("memory", 0.75), ("redis", 0.55)])
def test_keeps_its_pace(
    running: list[tuple[servers.Served, str]],
    least: float,
    record_property: Callable[[str, object], None],
) -> None:
    """Rounds alternate between the two, so that both meet the same machine.

    5,000 calls or more in all, each with its answer. While a busy machine blurs the ratio, more
    rounds are driven.
    """
    ratios: list[float] = []
    sizes: list[int] = []
    while len(ratios) < ROUNDS or (len(ratios) < MOST_ROUNDS and statistics.median(ratios) < least):
        rates = []
        for served, token in running:
            done = asyncio.run(load(served.url, token, calls=CALLS, clients=CLIENTS))
            assert not done.failures, done.failures
            rates.append(done.rate)
        ratios.append(rates[0] / rates[1])
        sizes.append(memory(running[0][0].process.pid))
    record_property("ratio of calls per second", round(statistics.median(ratios), 3))
    record_property("megabytes after each round", sizes)
    assert statistics.median(ratios) >= least, ratios
    assert sizes[-1] - sizes[0] < MEGABYTES


def memory(pid: int) -> int:
    """Return the resident memory of a process in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) // 1024

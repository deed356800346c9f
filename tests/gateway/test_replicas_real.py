"""Two replicas with one storage behind the real gateway: one dies and comes back, no call is lost.

The gateway knows one address for both, that of a load balancer.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from fastmcp import Client
from fastmcp.client.auth import BearerAuth

from gateway import real
from gateway.users import listens, made, user
from real import balancer, servers
from real.workshop import absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from real.workshop import Workshop

pytestmark = [pytest.mark.real, pytest.mark.service]
CALLS, CLIENTS = 160, 4
COMPOSITION = '{"name": "replicated", "servers": [{"name": "replicas", "tools": ["echo"]}]}'


class Replica:
    """One process of the server, which may be killed and started again."""

    def __init__(self, command: list[str], root: Path, values: dict[str, str], port: int) -> None:
        """Start it."""
        self.command = [*command, "--transport", "http", "--port", str(port)]
        self.root, self.values, self.port = root, values, port
        self.log = root.with_name(f"{port}.log")
        self.start()

    def start(self) -> None:
        """Start it and wait until it listens."""
        with self.log.open("ab") as said:
            self.process = subprocess.Popen(
                self.command, cwd=self.root, env=self.values, stdout=said, stderr=said
            )
        deadline = time.monotonic() + 60
        while not listens(self.port):
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def end(self, number: int) -> None:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        self.process.wait(30)

    @property
    def answered(self) -> int:
        """How many requests it has answered."""
        return self.log.read_text(encoding="utf-8").count("POST /mcp")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[servers.RedisServer]:
    """Run the storage that the replicas share."""
    folder = tmp_path / "redis"
    folder.mkdir()
    try:
        with servers.redis_server(folder) as found:
            yield found
    except servers.RedisMissingError:
        absent("redis-server")


def test_no_call_is_lost_while_a_replica_dies_and_comes_back(
    shop: Workshop, contextforge: real.Home, redis: servers.RedisServer, tmp_path: Path
) -> None:
    if balancer.installed() is None:
        absent("nginx")
    me = user(shop, contextforge)
    root = made(shop, me, tmp_path / "replicas", "--with", "redis", "--with", "logging")
    ports = real.free_port(), real.free_port()
    front = real.free_port()
    values = {
        **{key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"},
        "FASTMCP_CHECK_FOR_UPDATES": "off",
        "REPLICAS_REDIS_URL": redis.url(0),
        "REPLICAS_ALLOWED_HOSTS": f"127.0.0.1:{front}",
    }
    script = [str(root / ".venv/bin/replicas")]
    running = [Replica(script, root, values, port) for port in ports]
    dying, staying = running
    file = tmp_path / "replicated.json"
    file.write_text(COMPOSITION, encoding="utf-8")
    try:
        with balancer.balancing(front, ports, tmp_path):
            me("register", "--url", f"http://127.0.0.1:{front}/mcp", cwd=root)
            composed = me.json("compose", str(file), cwd=root)
            before = dying.answered, staying.answered
            events = {CALLS // 4: lambda: dying.end(signal.SIGKILL), CALLS // 2: dying.start}
            token = contextforge("token").strip()
            failures = asyncio.run(_call(composed["url"], token, events))
            assert failures == []
            alone = staying.answered - before[1]
            assert alone > CALLS // 4
            assert dying.answered > before[0] + CALLS // 8, "it never came back"
            me("unregister", "--yes", cwd=root)
    finally:
        for one in running:
            if one.process.poll() is None:
                one.end(signal.SIGTERM)
    assert {one.process.returncode for one in running} <= {0, -signal.SIGTERM}


async def _call(url: str, token: str, events: dict[int, Callable[[], None]]) -> list[str]:
    """Call from several clients at once; at some calls something happens to the replicas."""
    numbers = itertools.count()
    failures: list[str] = []
    happening: list[asyncio.Task[None]] = []

    async def client() -> None:
        async with Client(url, auth=BearerAuth(token=token), timeout=60) as connected:
            (tool,) = [tool.name for tool in await connected.list_tools()]
            while (number := next(numbers)) < CALLS:
                if happens := events.get(number):
                    happening.append(asyncio.create_task(asyncio.to_thread(happens)))
                try:
                    answer = await connected.call_tool(tool, {"text": f"call {number}"})
                except Exception as error:
                    failures.append(f"{number}: {error!r}")
                else:
                    if answer.data != f"call {number}":
                        failures.append(f"{number}: {answer.data!r}")
                if number > CALLS // 2:
                    await asyncio.gather(*happening)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return failures

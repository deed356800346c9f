"""Somebody at a shell with an installed mcpforge and a gateway; and servers of this machine."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastmcp import Client
from fastmcp.client.auth import BearerAuth

from gateway import real
from real.workshop import Workshop, run, site_packages, uv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class User:
    """Somebody at a shell: an installed mcpforge, a state folder, a gateway."""

    command: Path
    environment: dict[str, str]

    def __call__(
        self, *words: str, cwd: Path, fine: tuple[int, ...] = (0,), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run mcpforge; no token may ever stand in what it says."""
        environment = {**self.environment, **variables}
        done = run([self.command, *words], cwd=cwd, env=environment, fine=fine)
        for secret in variables.values():
            assert secret not in done.stdout + done.stderr
        assert not re.search(r"eyJ[\w-]{20,}\.", done.stdout + done.stderr)
        return done

    def json(self, *words: str, cwd: Path, **variables: str) -> dict[str, Any]:
        """Run it and return the data of the envelope."""
        done = self(*words, "--json", cwd=cwd, fine=(0,), **variables)
        found: dict[str, Any] = json.loads(done.stdout)["data"]
        return found


def user(shop: Workshop, home: real.Home) -> User:
    """Return a user of a gateway that `gateway start` began."""
    record = home.state.record()
    assert record
    environment = {
        **{key: value for key, value in home.environment.items() if key != "VIRTUAL_ENV"},
        "MCPFORGE_GATEWAY_URL": record.url,
        "FASTMCP_CHECK_FOR_UPDATES": "off",
    }
    return User(shop.wheel(), environment)


@contextmanager
def serving(command: list[str], port: int, log: Path, cwd: Path) -> Iterator[None]:
    """Run a server of this machine until the block ends."""
    environment = {**real.MACHINE, "FASTMCP_CHECK_FOR_UPDATES": "off"}
    with log.open("wb") as said:
        server = subprocess.Popen(command, cwd=cwd, env=environment, stdout=said, stderr=said)
    try:
        deadline = time.monotonic() + 60
        while not listens(port):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(30)


def listens(port: int) -> bool:
    """Say whether somebody listens on a port of this machine."""
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def made(shop: Workshop, user: User, folder: Path, *words: str) -> Path:
    """Make and install a project."""
    user("new", str(folder), "--no-git", "--yes", *words, cwd=folder.parent)
    environment = folder / ".venv"
    run([uv(), "venv", "-q", "--python", sys.executable, environment], cwd=folder)
    borrowed = site_packages(environment) / "borrowed.pth"
    borrowed.write_text(f"{site_packages(shop.packages())}\n", encoding="utf-8")
    python = str(environment / "bin/python")
    run([uv(), "pip", "install", "-q", "--no-deps", "--python", python, "-e", "."], cwd=folder)
    return folder


def called(url: str, token: str, tool: str, arguments: dict[str, Any]) -> tuple[list[str], Any]:
    """Return what a client of a virtual server sees, and what a tool answers."""

    async def call() -> tuple[list[str], Any]:
        async with Client(url, auth=BearerAuth(token=token)) as client:
            names = sorted(tool.name for tool in await client.list_tools())
            return names, (await client.call_tool(tool, arguments)).data

    return asyncio.run(call())

"""`register --start` in the foreground: served until it is ended, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from gateway import real
from gateway.users import listens, made, user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.users import User
    from real.workshop import Workshop

pytestmark = [pytest.mark.real, pytest.mark.service]


@contextmanager
def foreground(me: User, project: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run `register --start` until it serves; what is left of it ends with the block."""
    command = [str(me.command), "register", "--start", *words]
    with subprocess.Popen(
        command, cwd=project, env=me.environment, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr
        try:
            said = []
            for line in running.stderr:
                said.append(line)
                if "until Ctrl-C" in line:
                    break
            assert said[-1:] == ["Serving until Ctrl-C\n"], "".join(said)
            yield running
        finally:
            running.kill()


def test_served_until_it_is_ended(shop: Workshop, contextforge: real.Home, tmp_path: Path) -> None:
    me = user(shop, contextforge)
    project = made(shop, me, tmp_path / "visitor")
    port = real.free_port()
    words = ("--temporary", "--url", f"http://127.0.0.1:{port}/mcp")
    record = contextforge.state.record()
    assert record

    def names() -> set[str]:
        status, found = real.ask(f"{record.url}/v1/gateways?limit=0", contextforge("token").strip())
        assert status == 200
        return {one["name"] for one in found}

    for ending in (signal.SIGINT, signal.SIGTERM):
        with foreground(me, project, *words) as running:
            assert listens(port)
            assert "visitor" in names()
            os.kill(running.pid, ending)
            _, said = running.communicate(timeout=60)
        assert (running.returncode, "Unregistered `visitor`" in said) == (0, True), said
        assert not listens(port)
        assert "visitor" not in names()

    with foreground(me, project, *words) as running:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        assert listens(port)
        told = me("register", "--stop", "--temporary", cwd=project)
    assert "Stopped `visitor`" in told.stderr
    assert "Unregistered `visitor`" in told.stderr
    assert not listens(port)
    assert "visitor" not in names()
    assert "does not run" in me("register", "--stop", cwd=project).stderr

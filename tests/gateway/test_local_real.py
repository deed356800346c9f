"""The local gateway, really: from nothing to a tool called, and to no process left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway import real
from mcpforge.gateway import process
from processes import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLE = SOURCE / "templates/features/gateway/contextforge/files/examples/gateway_client.py.jinja"
UPSTREAM = """
import sys
from fastmcp import FastMCP
mcp = FastMCP("upstream")
@mcp.tool
def echo(text: str) -> str:
    return text
mcp.run(transport="http", port=int(sys.argv[1]), show_banner=False, stateless_http=True)
"""

pytestmark = [pytest.mark.real, pytest.mark.service]


@pytest.fixture(params=["newest", "3.11"])
def home(
    request: pytest.FixtureRequest, installed_gateway: Callable[[str], Path], tmp_path: Path
) -> Iterator[real.Home]:
    """Return a home with a gateway installed: 1.1 on the newest Python, and 1.0.7 on 3.11."""
    newest = next(iter(real.pythons()), "3.13")
    if request.param == newest:
        pytest.skip("the newest Python here is that one, see the other case")
    version = newest if request.param == "newest" else request.param
    found = real.home_with(installed_gateway(version), tmp_path / "state of mine")
    yield found
    if record := found.state.record():
        process.end_group(record.pid)


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[str]:
    """Serve one tool on this machine."""
    port = real.free_port()
    with (tmp_path / "upstream.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", UPSTREAM, str(port)],
            env={**real.MACHINE, "FASTMCP_CHECK_FOR_UPDATES": "off"},
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 60
        while not process.port_taken(port):
            assert time.monotonic() < deadline
            assert server.poll() is None
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.kill()
        server.wait()


def everybody(home: real.Home) -> list[str]:
    """Return the command of every process that has to do with a gateway."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(home.state.environment) in words:
            found.append(words)
    return found


def client(home: real.Home, folder: Path, *words: str) -> Any:
    """Run the example client of the generated projects with a token of `gateway token`."""
    program = folder / "gateway_client.py"
    program.write_bytes(EXAMPLE.read_bytes())
    token = home("token").strip()
    done = subprocess.run(
        [sys.executable, str(program), *words],
        env={**real.MACHINE, "MCPGATEWAY_BEARER_TOKEN": token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert token not in done.stdout + done.stderr
    return json.loads(done.stdout)


def make_virtual_server(url: str, token: str, upstream: str) -> str:
    """Register a server and give its tools to a virtual one; return its MCP URL."""
    status, made = real.ask(
        f"{url}/v1/gateways",
        token,
        body={"name": "upstream", "url": upstream, "transport": "STREAMABLEHTTP"},
    )
    assert status == 200, made
    status, tools = real.ask(f"{url}/v1/tools?gateway_id={made['id']}&limit=0", token)
    assert [tool["originalName"] for tool in tools] == ["echo"]
    server = {"name": "all", "associated_tools": [tool["id"] for tool in tools]}
    status, virtual = real.ask(f"{url}/v1/servers", token, body={"server": server})
    assert status == 201, virtual
    return f"{url}/servers/{virtual['id']}/mcp"


def test_a_life(home: real.Home, upstream: str, tmp_path: Path) -> None:
    port = real.free_port()
    started = home.json("start", "--port", str(port))
    assert started["version"].startswith(("1.0.7", "1.1."))
    assert real.ask(f"{started['url']}/health")[0] == 200
    again = home.json("start")
    assert (again["already"], again["pid"]) == (True, started["pid"])
    assert home.json("status")["state"] == "running"

    url, token = started["url"], home("token", "--minutes", "5").strip()
    assert real.ask(f"{url}/v1/gateways", token) == (200, [])
    assert real.ask(f"{url}/v1/gateways", f"{token}x")[0] == 401
    assert real.ask(f"{url}/v1/gateways")[0] == 401
    mcp_url = make_virtual_server(url, token, upstream)
    assert client(home, tmp_path, mcp_url) == ["upstream-echo"]
    arguments = json.dumps({"text": "hello"})
    assert client(home, tmp_path, mcp_url, "upstream-echo", arguments) == "hello"

    assert len(everybody(home)) >= 1
    assert home.json("stop")["ended"] >= 1
    assert everybody(home) == []
    assert not process.port_taken(port)
    assert home.json("status", fine=(4,))["state"] == "stopped"

    pid = home.json("start", "--port", str(port))["pid"]
    status, kept = real.ask(f"{url}/v1/gateways", token)
    assert (status, [one["name"] for one in kept]) == (200, ["upstream"])
    assert client(home, tmp_path, mcp_url, "upstream-echo", arguments) == "hello"
    said = home.state.log.read_text(errors="replace")
    kept_secrets = json.loads((home.state.folder / "secrets.json").read_text())
    assert not any(secret in said for secret in (*kept_secrets.values(), token))

    os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    assert home.json("status", fine=(4,))["state"] == "ended"
    home("stop")
    assert everybody(home) == []


def test_one_gateway_serves_the_session(contextforge: real.Home) -> None:
    found = contextforge.json("status")
    assert found["state"] == "running"
    token = contextforge.json("token")
    assert real.ask(f"{found['url']}/v1/gateways?limit=0", token["token"])[0] == 200

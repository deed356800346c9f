"""Registered, composed and called at the real gateway, with servers that mcpforge generated."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway import real
from gateway.users import User, called, listens, made, serving, user
from mcpforge.gateway import local, process, state, tokens
from mcpforge.project import lock as locks
from real.workshop import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from real.workshop import Workshop

pytestmark = [pytest.mark.real, pytest.mark.service]

FLEET = 50
TOOLS_EACH = 5
# The form of the guide that the project follows, its comment too.
COMPOSITION = """# Virtual server config
{
  "name": "data-pipeline",
  "description": "Complete data analysis pipeline",
  "servers": [
    {
      "name": "csv-server",
      "tools": ["echo", "greet"]
    },
    {
      "name": "analysis-server",
      "tools": ["echo"]
    }
  ]
}
"""
SERVERS = """
import contextlib, sys
import uvicorn
from fastmcp import FastMCP
from starlette.applications import Starlette
from starlette.routing import Mount

def make(name):
    server = FastMCP(name)
    def say(text: str) -> str:
        "Return the text."
        return text
    for number in range(int(sys.argv[3])):
        server.tool(say, name=f"tool_{number}")
    return server.http_app(stateless_http=True)

apps = {f"fleet-{number}": make(f"fleet-{number}") for number in range(int(sys.argv[2]))}

@contextlib.asynccontextmanager
async def lifespan(app):
    async with contextlib.AsyncExitStack() as stack:
        for one in apps.values():
            await stack.enter_async_context(one.router.lifespan_context(one))
        yield

routes = [Mount(f"/{name}", one) for name, one in apps.items()]
app = Starlette(routes=routes, lifespan=lifespan)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""


def test_from_two_projects_to_tools_called_through_one_server(  # noqa: PLR0915 - one story
    shop: Workshop, own: real.Home, tmp_path: Path
) -> None:
    me = user(shop, own)
    csv = made(shop, me, tmp_path / "csv-server")
    analysis = made(shop, me, tmp_path / "analysis-server", "--with", "bearer")
    script = str(analysis / ".venv/bin/analysis-server")
    token = run([script, "token", "new", "--save"], cwd=analysis).stdout.strip()
    ports = real.free_port(), real.free_port()
    urls = [f"http://127.0.0.1:{port}/mcp" for port in ports]
    credential = {"MCPFORGE_UPSTREAM_TOKEN": token}
    file = tmp_path / "pipeline.json"
    file.write_text(COMPOSITION, encoding="utf-8")
    try:
        first = me.json("register", "--start", "--detach", "--url", urls[0], "--check", cwd=csv)
        assert first["servers"][0]["agents_see"] == ["csv-server-echo"]
        assert first["calls"][0]["called"] == "csv-server-echo"
        refused = me("register", "--start", "--url", urls[1], cwd=analysis, fine=(1,))
        assert "token new" in refused.stderr
        second = me.json(
            "register", "--start", "--detach", "--url", urls[1], cwd=analysis, **credential
        )
        assert second["servers"][0]["agents_see"] == ["analysis-server-echo"]
        again = me.json("register", "--url", urls[1], cwd=analysis, **credential)
        assert again["servers"][0]["action"] == "nothing"

        missing = me("compose", str(file), cwd=csv, fine=(4,))
        assert "`csv-server` has no tool `greet`" in missing.stderr
        me("add", "tool", "greet", "--yes", cwd=csv)
        me("register", "--stop", cwd=csv)
        grown = me.json("register", "--start", "--detach", "--url", urls[0], cwd=csv)
        assert grown["servers"][0]["id"] == first["servers"][0]["id"]
        assert grown["servers"][0]["agents_see"] == ["csv-server-echo", "csv-server-greet"]

        composed = me.json("compose", str(file), "--check", cwd=csv)
        names = ["analysis-server-echo", "csv-server-echo", "csv-server-greet"]
        assert composed["agents_see"] == names
        mine = own("token").strip()
        said = {"text": "one"}
        assert called(composed["url"], mine, "csv-server-echo", said) == (names, "one")
        assert called(composed["url"], mine, "analysis-server-echo", said) == (names, "one")
        assert me.json("compose", str(file), cwd=csv)["action"] == "nothing"

        port = str(own.state.record().port)  # type: ignore[union-attr]
        own("stop")
        down = me("register", "--url", urls[0], cwd=csv, fine=(4,))
        assert "gateway start" in down.stderr
        own("start", "--port", port)
        after = me.json("register", "--url", urls[0], cwd=csv)
        assert after["servers"][0]["action"] == "nothing"
        assert after["servers"][0]["id"] == first["servers"][0]["id"]
        assert called(composed["url"], own("token").strip(), "analysis-server-echo", said)

        warned = me("unregister", cwd=csv, fine=(1,))
        assert "data-pipeline: `echo`, `greet`" in warned.stderr
        told = me("unregister", "--yes", cwd=csv)
        assert "mcpforge compose" in told.stderr
        me("register", "--url", urls[0], cwd=csv)
        repaired = me.json("compose", str(file), cwd=csv)
        assert repaired["action"] == "update"
        assert repaired["url"] == composed["url"]
        assert called(composed["url"], own("token").strip(), "csv-server-echo", said)
    finally:
        for folder in (csv, analysis):
            me("register", "--stop", cwd=folder)
    assert not any(listens(port) for port in ports)


def test_faults_of_the_real_gateway(
    shop: Workshop, contextforge: real.Home, tmp_path: Path
) -> None:
    me = user(shop, contextforge)
    project = tmp_path / "faulty"
    me("new", str(project), "--no-git", "--yes", cwd=tmp_path)
    port = real.free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    gone = ("register", "--no-preflight", "--url", url)
    assert "connection failed" in me(*gone, cwd=project, fine=(4,)).stderr.replace(
        "All connection attempts failed", "connection failed"
    )
    wrong = me("register", cwd=project, fine=(4,), MCPGATEWAY_BEARER_TOKEN="no.real.token")
    assert "does not accept the token" in wrong.stderr
    code = "import sys\nfrom fastmcp import FastMCP\nm = FastMCP('t')\n"
    code += "@m.tool\ndef good() -> str:\n    'Fine.'\n    return 'x'\n"
    code += "@m.tool\ndef bad() -> str:\n    'This && that.'\n    return 'x'\n"
    code += f"m.run(transport='http', port={port}, show_banner=False, stateless_http=True)\n"
    with serving([sys.executable, "-c", code], port, tmp_path / "log", tmp_path):
        done = me.json("register", "--url", url, cwd=project)
        (server,) = done["servers"]
        assert server["agents_see"] == ["faulty-good"]
        assert len(server["skipped"]) == 1
        assert server["skipped"][0].startswith("bad")
        assert me.json("register", "--url", url, cwd=project)["servers"][0]["action"] == "nothing"
        taken = me("register", "--url", f"{url}/", cwd=project, fine=(4,))
        assert "`faulty` is registered with another URL" in taken.stderr
        tagged = me.json("register", "--url", url, "--tag", "Two Words", cwd=project)
        assert [one["what"] for one in tagged["servers"][0]["differences"]] == ["tags"]
        again = me.json("register", "--url", url, "--tag", "Two Words", cwd=project)
        assert again["servers"][0]["action"] == "nothing"
    me("unregister", "--yes", cwd=project)
    assert "Nothing to do" in me("unregister", cwd=project).stderr


def test_a_gateway_that_refuses_this_machine(
    installed_gateway: Callable[[str], Path],
    shop: Workshop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gateway with its defaults takes no server of this machine: the hint says what does."""
    newest = next(iter(real.pythons()), "3.13")
    home = real.home_with(installed_gateway(newest), tmp_path / "state")
    secrets = home.state.secrets_or_new()
    port = real.free_port()
    for name, value in real.MACHINE.items():
        monkeypatch.setenv(name, value)
    environment = {
        **local.settings(home.state, secrets, port),
        "SSRF_ALLOW_LOCALHOST": "false",
    }
    program = home.state.environment / "bin" / "mcpgateway"
    started = process.launch(
        [str(program), "--host", "127.0.0.1", "--port", str(port)],
        folder=home.state.folder,
        environment=environment,
        log=home.state.log,
    )
    try:
        deadline = time.monotonic() + 240
        while not process.healthy(port):
            assert started.poll() is None and time.monotonic() < deadline
            time.sleep(0.5)
        token = tokens.mint(secrets.jwt_key, state.ADMIN, 600)
        environment = {**home.environment, "MCPFORGE_GATEWAY_URL": f"http://127.0.0.1:{port}"}
        me = User(shop.wheel(), environment)
        project = tmp_path / "local"
        me("new", str(project), "--no-git", "--yes", cwd=tmp_path)
        refused = me(
            *("register", "--no-preflight"), cwd=project, fine=(4,), MCPGATEWAY_BEARER_TOKEN=token
        )
        assert "localhost address which is blocked" in refused.stderr
        assert "SSRF_ALLOW_LOCALHOST=true" in refused.stderr
    finally:
        process.end_group(started.pid)
        started.wait()


def test_fifty_projects_in_one_command(
    shop: Workshop, contextforge: real.Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    me = user(shop, contextforge)
    pattern = tmp_path / "fleet-0"
    me("new", str(pattern), "--no-git", "--yes", cwd=tmp_path)
    found = locks.load(pattern)
    names = [f"fleet-{number}" for number in range(FLEET)]
    for name in names:
        (tmp_path / name / locks.FOLDER).mkdir(parents=True, exist_ok=True)
        text = locks.dump(replace(found, answers=replace(found.answers, name=name)))
        (tmp_path / name / locks.PATH).write_text(text, encoding="utf-8")
    port = real.free_port()
    url = f"http://127.0.0.1:{port}/{{name}}/mcp"
    command = [sys.executable, "-c", SERVERS, str(port), str(FLEET), str(TOOLS_EACH)]
    with serving(command, port, tmp_path / "log", tmp_path):
        begin = time.monotonic()
        done = me.json("register", *names, "--url", url, cwd=tmp_path)
        took = time.monotonic() - begin
        assert [server["name"] for server in done["servers"]] == names
        assert all(server["action"] == "create" for server in done["servers"])
        assert all(len(server["agents_see"]) == TOOLS_EACH for server in done["servers"])
        begin = time.monotonic()
        again = me.json("register", *names, "--url", url, cwd=tmp_path)
        second = time.monotonic() - begin
        assert {server["action"] for server in again["servers"]} == {"nothing"}
        ids = [[server["id"] for server in run["servers"]] for run in (done, again)]
        assert ids[0] == ids[1]
    me("unregister", *names, "--yes", cwd=tmp_path)
    with capsys.disabled():
        sys.stderr.write(
            f"\n{FLEET} projects with {FLEET * TOOLS_EACH} tools registered in {took:.1f} s on "
            f"{os.cpu_count()} cores, compared again in {second:.1f} s\n"
        )

"""The older gateway, 1.0.7 on Python 3.11: registered, composed, called, taken off again."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from gateway import real
from gateway.users import called, serving, user
from mcpforge.gateway import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from real.workshop import Workshop

pytestmark = [pytest.mark.real, pytest.mark.service]

TOKEN = "the-token-of-the-server-0123456789"
# Two tools behind a bearer token; a second start has one more.
SERVER = """
import sys
from fastmcp import FastMCP
from fastmcp.server.auth import StaticTokenVerifier

tokens = {sys.argv[2]: {"client_id": "gateway", "scopes": []}}
server = FastMCP("older", auth=StaticTokenVerifier(tokens=tokens))
for name in sys.argv[3:]:
    def say(text: str) -> str:
        "Return the text."
        return text
    server.tool(say, name=name, annotations={"readOnlyHint": True})
server.run(transport="http", port=int(sys.argv[1]), show_banner=False, stateless_http=True)
"""


@pytest.fixture
def older(installed_gateway: Callable[[str], Path], tmp_path: Path) -> Iterator[real.Home]:
    """Run the gateway that Python 3.11 can have."""
    home = real.home_with(installed_gateway("3.11"), tmp_path / "older")
    home("start", "--port", str(real.free_port()))
    yield home
    if record := home.state.record():
        process.end_group(record.pid)


def test_the_older_gateway(shop: Workshop, older: real.Home, tmp_path: Path) -> None:
    me = user(shop, older)
    record = older.state.record()
    assert record
    assert record.version.startswith("1.0.7")
    project = tmp_path / "aged"
    me("new", str(project), "--no-git", "--yes", cwd=tmp_path)
    port = real.free_port()
    words = ("register", "--url", f"http://127.0.0.1:{port}/mcp")
    mine = {"MCPFORGE_UPSTREAM_TOKEN": TOKEN}
    file = tmp_path / "parts.json"
    parts = {"name": "aged-parts", "servers": [{"name": "aged", "tools": ["say_it"]}]}
    file.write_text(json.dumps(parts), encoding="utf-8")
    command = [sys.executable, "-c", SERVER, str(port), TOKEN, "echo", "say_it"]
    with serving(command, port, tmp_path / "log", tmp_path):
        # What the gateway itself says to a missing token, not what the look before it does.
        refused = me(*words, "--no-preflight", cwd=project, fine=(4,))
        assert "HTTP 401" in refused.stderr
        assert "MCPFORGE_UPSTREAM_TOKEN" in refused.stderr
        done = me.json(*words, "--check", cwd=project, **mine)
        (server,) = done["servers"]
        assert server["agents_see"] == ["aged-echo", "aged-say-it"]
        assert done["calls"][0]["called"] == "aged-echo"
        again = me.json(*words, cwd=project, **mine)["servers"][0]
        assert (again["action"], again["id"]) == ("nothing", server["id"])
        composed = me.json("compose", str(file), "--check", cwd=project)
        assert composed["agents_see"] == ["aged-say-it"]
        said = {"text": "still here"}
        token = older("token").strip()
        answer = called(composed["url"], token, "aged-say-it", said)
        assert answer == (["aged-say-it"], "still here")
    command = [*command, "more"]
    with serving(command, port, tmp_path / "log", tmp_path):
        grown = me.json(*words, cwd=project, **mine)["servers"][0]
        assert (grown["action"], grown["id"]) == ("update", server["id"])
        assert grown["agents_see"] == ["aged-echo", "aged-more", "aged-say-it"]
        assert me.json("compose", str(file), cwd=project)["action"] == "nothing"
    warned = me("unregister", cwd=project, fine=(1,))
    assert "aged-parts: `say_it`" in warned.stderr
    me("unregister", "--yes", cwd=project)
    assert "Nothing to do" in me("unregister", cwd=project).stderr
    assert older.json("stop")["ended"] >= 1

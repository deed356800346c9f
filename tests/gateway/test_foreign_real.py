"""A project from a foreign Copier template: registered, edited, updated and called for real."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from foreign.repositories import repository
from gateway import real
from gateway.users import called, serving, user

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from real.workshop import Workshop

pytestmark = [pytest.mark.real, pytest.mark.service]

MINE = '''
@mcp.tool
def shout(query: str) -> str:
    """Shout it."""
    return query.upper()


def main()'''
NAMES = ["weather-fetch", "weather-search"]


def test_a_foreign_project_is_registered_and_stays_the_same_server(
    shop: Workshop, contextforge: real.Home, tmp_path: Path
) -> None:
    me = user(shop, contextforge)
    source, root, port = repository("mcp", tmp_path), tmp_path / "made", real.free_port()
    data = ("--data", "server_name=weather", "--data", "transport=http")
    made = ("--template", str(source), "--ref", "1.0.0", *data, "--data", "tools=[search, fetch]")
    me("new", str(root), "--yes", *made, cwd=tmp_path)
    url = f"http://127.0.0.1:{port}/mcp"
    token = contextforge("token").strip()

    def running(step: str) -> AbstractContextManager[None]:
        command = ["env", f"FASTMCP_PORT={port}", sys.executable, "server.py"]
        return serving(command, port, tmp_path / f"{step}.log", root)

    refused = me("register", "--url", url, cwd=root, fine=(4,))
    assert "127.0.0.1" in refused.stderr
    with running("first"):
        shown = me.json("register", "--url", url, "--dry-run", cwd=root)
        assert shown["plan"][0]["action"] == "create"
        first = me.json("register", "--url", url, "--check", cwd=root)["servers"][0]
        assert (first["name"], first["agents_see"]) == ("weather", NAMES)
        assert first["action"] == "create"
        again = me.json("register", "--url", url, cwd=root)["servers"][0]
        assert (again["action"], again["id"]) == ("nothing", first["id"])

    program = root / "server.py"
    program.write_text(program.read_text().replace("\ndef main()", MINE, 1))
    updated = me("update", "--yes", cwd=root)
    assert "merge  server.py" in updated.stderr
    assert "mask_error_details=True" in program.read_text()
    composition = tmp_path / "all.json"
    with running("second"):
        grown = me.json("register", "--url", url, cwd=root)["servers"][0]
        assert grown["id"] == first["id"]
        assert grown["agents_see"] == [*NAMES, "weather-shout"]
        tools = '{"name": "everything", "servers": [{"name": "weather", "tools": ["shout"]}]}'
        composition.write_text(tools)
        composed = me.json("compose", str(composition), "--check", cwd=root)
        seen, answer = called(composed["url"], token, "weather-shout", {"query": "rain"})
        assert seen == ["weather-shout"]
        assert "RAIN" in str(answer)
        me("undo", "--yes", cwd=root)
        text = program.read_text()
        assert ("shout" in text, "mask_error_details" in text) == (True, False)
        me("update", "--yes", cwd=root)
        me("unregister", "--yes", cwd=root)
    doctor = me("doctor", cwd=root)
    assert "2.0.0" in doctor.stdout

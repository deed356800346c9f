"""Who may see a server and what lets the gateway in: teams, headers, OAuth, at the real gateway."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from gateway import real
from gateway.issuer import issuer
from gateway.users import called, listens, made, serving, user

if TYPE_CHECKING:
    from pathlib import Path

    from real.workshop import Workshop

pytestmark = [pytest.mark.real, pytest.mark.service]

KEY = "the-key-of-the-server-0123456789"
# One tool; what has no key, where there is one, gets 401.
SERVER = """
import sys
import uvicorn
from fastmcp import FastMCP

server = FastMCP("keyed")

@server.tool(annotations={"readOnlyHint": True})
def echo(text: str) -> str:
    "Return the text."
    return text

app = server.http_app(stateless_http=True)

async def guarded(scope, receive, send):
    shown = dict(scope.get("headers") or ()).get(b"x-api-key", b"").decode()
    if scope["type"] == "http" and sys.argv[2:] and shown != sys.argv[2]:
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})
    else:
        await app(scope, receive, send)

uvicorn.run(guarded, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""


def kept(home: real.Home, identifier: str) -> dict[str, object]:
    """Return a server as the gateway has it."""
    record = home.state.record()
    assert record
    status, found = real.ask(f"{record.url}/v1/gateways/{identifier}", home("token").strip())
    assert status == 200, found
    assert isinstance(found, dict)
    return found


def test_a_server_for_a_team(shop: Workshop, contextforge: real.Home, tmp_path: Path) -> None:
    me = user(shop, contextforge)
    record = contextforge.state.record()
    assert record
    status, team = real.ask(
        f"{record.url}/v1/teams/", contextforge("token").strip(), body={"name": "Data Crew"}
    )
    assert status in (200, 201), team
    project = tmp_path / "teamed"
    me("new", str(project), "--no-git", "--yes", cwd=tmp_path)
    port = real.free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    words = ("register", "--url", url, "--visibility", "team", "--team")
    command = [sys.executable, "-c", SERVER, str(port)]
    with serving(command, port, tmp_path / "log", tmp_path):
        unknown = me(*words, "Nobody", cwd=project, fine=(4,))
        assert "no team `Nobody`" in unknown.stderr
        assert "`Data Crew`" in unknown.stderr
        try:
            done = me.json(*words, "Data Crew", cwd=project)["servers"][0]
            found = kept(contextforge, done["id"])
            assert (found["visibility"], found["teamId"]) == ("team", team["id"])
            assert done["agents_see"] == ["teamed-echo"]
            for wanted in ("Data Crew", team["slug"], team["id"]):
                again = me.json(*words, wanted, cwd=project)["servers"][0]
                assert (again["action"], again["id"]) == ("nothing", done["id"])
            file = tmp_path / "crew.json"
            parts = {"servers": ["teamed"], "visibility": "team", "team": "Data Crew"}
            file.write_text(json.dumps({"name": "crew-tools", **parts}), encoding="utf-8")
            composed = me.json("compose", str(file), cwd=project)
            token = contextforge("token").strip()
            said = {"text": "ours"}
            assert called(composed["url"], token, "teamed-echo", said) == (["teamed-echo"], "ours")
            assert me.json("compose", str(file), cwd=project)["action"] == "nothing"
        finally:
            me("unregister", "--yes", cwd=project)


def test_a_key_in_a_header(shop: Workshop, contextforge: real.Home, tmp_path: Path) -> None:
    me = user(shop, contextforge)
    project = tmp_path / "keyed"
    me("new", str(project), "--no-git", "--yes", cwd=tmp_path)
    port = real.free_port()
    words = ("register", "--url", f"http://127.0.0.1:{port}/mcp")
    header = ("--upstream-header", "X-API-Key")
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n", encoding="utf-8")
    with serving([sys.executable, "-c", SERVER, str(port), KEY], port, tmp_path / "log", tmp_path):
        refused = me(*words, cwd=project, fine=(4,))
        assert "wants a token" in refused.stderr
        wrong = {"MCPFORGE_UPSTREAM_TOKEN": "another-key-9876543210"}
        refused = me(*words, *header, cwd=project, fine=(4,), **wrong)
        assert "does not accept the token" in refused.stderr
        # Without a look of its own, mcpforge passes on what the gateway finds.
        refused = me(*words, *header, "--no-preflight", cwd=project, fine=(4,), **wrong)
        assert "HTTP 401" in refused.stderr
        bearer = me(*words, cwd=project, fine=(4,), MCPFORGE_UPSTREAM_TOKEN=KEY)
        assert "does not accept the token" in bearer.stderr
        try:
            given = ("--upstream-token-file", str(file))
            done = me.json(*words, *header, *given, "--check", cwd=project)
            (server,) = done["servers"]
            assert done["calls"][0]["called"] == "keyed-echo"
            assert kept(contextforge, server["id"])["authType"] == "authheaders"
            again = me.json(*words, *header, *given, cwd=project)["servers"][0]
            assert (again["action"], again["id"]) == ("nothing", server["id"])
            # The gateway keeps a header only where it gets it again: without it nothing is sent.
            untold = me(*words, "--tag", "keys", cwd=project, fine=(4,))
            assert "can't be updated without its credential" in untold.stderr
            assert kept(contextforge, server["id"])["tags"] == []
            tagged = me.json(*words, *header, *given, "--tag", "keys", cwd=project)["servers"][0]
            assert [one["what"] for one in tagged["differences"]] == ["tags"]
            dry = (*words, *header, "--dry-run", "--tag", "a-key")
            plan = me(*dry, cwd=project, MCPFORGE_UPSTREAM_TOKEN=KEY)
            assert '"value": "*****"' in plan.stdout
        finally:
            me("unregister", "--yes", cwd=project)


def test_client_credentials_of_oauth(
    shop: Workshop, contextforge: real.Home, tmp_path: Path
) -> None:
    """A server with a JWT verifier; the gateway gets its tokens at the issuer by itself."""
    me = user(shop, contextforge)
    project = made(shop, me, tmp_path / "signed", "--with", "jwt")
    port = real.free_port()
    words = ("register", "--url", f"http://127.0.0.1:{port}/mcp")
    with issuer() as issued:
        file = tmp_path / "client.toml"
        text = f'client_id = "{issued.client}"\nclient_secret = "{issued.secret}"\n'
        file.write_text(f'{text}token_url = "{issued.token_url}"\n', encoding="utf-8")
        false = tmp_path / "false.json"
        told = {"client_id": issued.client, "client_secret": "no-secret-of-theirs"}
        false.write_text(json.dumps({**told, "token_url": issued.token_url}), encoding="utf-8")
        with (project / ".env").open("a", encoding="utf-8") as settings:
            for name, value in issued.settings("SIGNED_").items():
                settings.write(f"{name}={value}\n")
        start = ("--start", "--detach", "--upstream-oauth", str(file))
        try:
            done = me.json(*words, *start, "--check", cwd=project)
            (server,) = done["servers"]
            assert server["agents_see"] == ["signed-echo"]
            assert done["calls"][0]["called"] == "signed-echo"
            assert issued.issued > 0
            assert issued.refused == 0
            assert kept(contextforge, server["id"])["authType"] == "oauth"

            again = me(*words, "--upstream-oauth", str(file), cwd=project)
            assert "Nothing to do" in again.stderr
            assert issued.secret not in again.stdout + again.stderr

            refused = me(*words, "--upstream-oauth", str(false), cwd=project, fine=(4,))
            assert "OAuth" in refused.stderr
            assert "no-secret-of-theirs" not in refused.stdout + refused.stderr
            assert issued.refused > 0
            repaired = me.json(*words, "--upstream-oauth", str(file), cwd=project)
            assert repaired["servers"][0]["id"] == server["id"]
            assert repaired["servers"][0]["agents_see"] == ["signed-echo"]
        finally:
            me("register", "--stop", "--temporary", cwd=project)
    assert not listens(port)

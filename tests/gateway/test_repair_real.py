"""After a fault between mcpforge and the real gateway: what is there is named, a rerun repairs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from gateway import real
from gateway.proxy import Fault, proxy
from gateway.users import serving
from mcpforge.gateway import client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processes import CommandLine

pytestmark = [pytest.mark.real, pytest.mark.service]

HTML = b"<!doctype html><title>Welcome</title>"
SLOW = 6.0
SERVER = """
import sys
from fastmcp import FastMCP
server = FastMCP("mended")
@server.tool
def echo(text: str) -> str:
    "Return the text."
    return text
server.run(transport="http", port=int(sys.argv[1]), show_banner=False, stateless_http=True)
"""


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve one tool on this machine."""
    folder = tmp_path_factory.mktemp("upstream")
    port = real.free_port()
    with serving([sys.executable, "-c", SERVER, str(port)], port, folder / "log", folder):
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.fixture
def project(
    cli: CommandLine,
    contextforge: real.Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """Stand in a project, with a token for the gateway; give the gateway's URL."""
    assert cli("new", "mended", "--no-git", "--yes").code == 0
    monkeypatch.chdir(tmp_path / "mended")
    monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", contextforge("token").strip())
    record = contextforge.state.record()
    assert record
    yield record.url
    monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", contextforge("token").strip())
    assert cli("unregister", "mended", "--yes", "--gateway", record.url).code == 0


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (Fault("GET"), "gateway_down", "does not answer"),
        (Fault("POST"), "gateway_lost", "it may have done so all the same"),
        (Fault("POST", reaches=True), "gateway_lost", "it may have done so all the same"),
        (Fault("POST", reaches=True, seconds=SLOW + 1), "gateway_slow", "all the same"),
        (Fault("POST", reaches=True, status=200, body=HTML), "gateway_answer", "all the same"),
        (Fault("POST", reaches=True, status=200, body=b"[]"), "gateway_answer", "all the same"),
        (Fault("GET", status=200, body=HTML), "gateway_answer", "no ContextForge says"),
        (Fault("POST", status=429, headers={"Retry-After": "900"}), "gateway_limit", "15 min"),
        (Fault("POST", status=500, body=HTML), "gateway_failed", "HTTP 500"),
        (Fault("GET", status=307, headers={"Location": "https://other.example/"}),
         "gateway_redirect", "redirects to `https://other.example`"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_next_run_repairs_it(  # noqa: PLR0913, PLR0917 - the fault, and who is in it
    cli: CommandLine,
    project: str,
    upstream: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    code: str,
    message: str,
) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", SLOW)
    with proxy(project, fault) as url:
        words = ("register", "--json", "--gateway", url, "--url", upstream)
        failed = cli(*words)
        (error,) = failed.json["errors"]
        assert (failed.code, error["code"]) == (4, code)
        assert message in error["message"]
        if fault.method == "POST":
            assert "`mended`" in error["message"]
        repaired = cli(*words)
        assert repaired.code == 0, repaired.out
        (server,) = repaired.json["data"]["servers"]
        assert server["agents_see"] == ["mended-echo"]
        assert server["action"] == ("nothing" if fault.reaches else "create")
        (again,) = cli(*words).json["data"]["servers"]
        assert (again["action"], again["id"]) == ("nothing", server["id"])


def test_a_token_without_the_right(
    cli: CommandLine,
    contextforge: real.Home,
    project: str,
    upstream: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A token of the gateway's own, that may read and no more."""
    token = contextforge("token").strip()
    scope = {"permissions": ["gateways.read", "tools.read"]}
    status, made = real.ask(
        f"{project}/v1/tokens",
        token,
        body={"name": "reader", "expires_in_days": 1, "scope": scope},
    )
    assert status == 201, made
    monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", made["access_token"])
    words = ("register", "--json", "--gateway", project, "--url", upstream)
    refused = cli(*words)
    (error,) = refused.json["errors"]
    assert (refused.code, error["code"]) == (4, "gateway_forbidden")
    assert "may not register `mended`" in error["message"]
    monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", token)
    assert cli(*words).json["data"]["servers"][0]["action"] == "create"


def test_a_name_that_a_team_has_too(
    cli: CommandLine, contextforge: real.Home, project: str, upstream: str
) -> None:
    """The gateway lets a team have a server of a name that the public has."""
    token = contextforge("token").strip()
    words = ("register", "--json", "--gateway", project, "--url", upstream)
    mine = cli(*words).json["data"]["servers"][0]["id"]
    status, team = real.ask(f"{project}/v1/teams/", token, body={"name": "Menders"})
    assert status in (200, 201), team
    body = {
        **{"name": "mended", "url": f"{upstream}?team=1", "transport": "STREAMABLEHTTP"},
        **{"visibility": "team", "team_id": team["id"]},
    }
    status, theirs = real.ask(f"{project}/v1/gateways", token, body=body)
    assert status == 200, theirs
    refused = cli("unregister", "mended", "--yes", "--json", "--gateway", project)
    (error,) = refused.json["errors"]
    assert (refused.code, error["code"]) == (4, "name_ambiguous")
    assert mine in error["message"]
    assert theirs["id"] in error["message"]
    (again,) = cli(*words).json["data"]["servers"]
    assert (again["action"], again["id"]) == ("nothing", mine)
    assert cli("unregister", theirs["id"], "--yes", "--gateway", project).code == 0
    (again,) = cli(*words).json["data"]["servers"]
    assert (again["action"], again["id"]) == ("nothing", mine)

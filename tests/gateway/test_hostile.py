"""Gateways that lie, stutter or want to harm: a sentence and an exit code, and nothing shown."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from gateway.broken import Answer, broken, registered, tool
from mcpforge.gateway import client, connections, upstream
from mcpforge.gateway.pacing import Pace
from mcpforge.gateway.upstream import Upstream, UpstreamTool
from processes import mcpforge

if TYPE_CHECKING:
    from pathlib import Path

    from processes import CommandLine, Outcome

# As long as a real one: longer than what is shown of an answer.
TOKEN = "eyJ" + "the-gateways-own-token-" * 20
URL = "http://127.0.0.1:8000/mcp"
LIST, POST, TOOLS = "GET /v1/gateways", "POST /v1/gateways", "GET /v1/tools"
ID = "1" * 32
REFRESH = f"POST /v1/gateways/{ID}/tools/refresh"
ONE = f"GET /v1/gateways/{ID}"
THERE = registered("demo", URL)
LISTED = Answer(200, {"tools": [tool("echo")]})
NONE = Answer(200, {"tools": []})
HOSTILE = "\x1b[2J\u202e"


@pytest.fixture(autouse=True)
def project(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project with a server that looks healthy, and a token for the gateway."""
    assert cli("new", "demo", "--no-git", "--yes").code == 0
    monkeypatch.chdir(tmp_path / "demo")
    monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", TOKEN)
    echo = Upstream((UpstreamTool("echo", "Tool echo", {"type": "object"}),), {})
    monkeypatch.setattr(upstream, "look", lambda targets: [echo for _ in targets])
    return tmp_path / "demo"


def checked(outcome: Outcome) -> str:
    """Return all that was shown: no token, not even a part, and nothing that a terminal obeys."""
    shown = outcome.out + outcome.err
    assert TOKEN[:40] not in shown
    assert not set(HOSTILE) & set(shown) - {"[", "2", "J"}
    assert "met a bug" not in shown
    return shown


def refused(outcome: Outcome, code: str) -> str:
    """Return the one sentence of a refusal."""
    checked(outcome)
    (error,) = outcome.json["errors"]
    assert (outcome.code, error["code"]) == (4, code)
    assert error["hint"]
    message: str = error["message"]
    return message


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({LIST: Answer(302, b"", {"Location": "http://[bad"})}, "gateway_answer"),
        ({LIST: Answer(302, b"", {"Location": "//u:p@127.0.0.1:1/x"})}, "gateway_redirect"),
        ({LIST: Answer(422, {"detail": [{"loc": None, "msg": None}]})}, "gateway_invalid"),
        ({LIST: Answer(422, {"detail": [{"loc": 5, "msg": ["x"]}]})}, "gateway_invalid"),
        ({LIST: Answer(200, {"gateways": [{**THERE, "id": None}]})}, "gateway_answer"),
        ({LIST: Answer(200, {"gateways": [{**THERE, "tags": 5}]})}, "gateway_answer"),
        ({POST: Answer(200, {**THERE, "id": ""})}, "gateway_answer"),
        ({POST: Answer(500, {"message": f"You sent {TOKEN}{HOSTILE}"})}, "gateway_failed"),
        ({POST: Answer(202, {**THERE, "status": "pending", "lastError": f"{HOSTILE}{TOKEN}"})},
         "pending"),
    ],
)  # fmt: skip
def test_odd_answers(cli: CommandLine, answers: dict[str, Answer], code: str) -> None:
    with broken(answers) as gateway:
        message = refused(cli("register", "--json", "--gateway", gateway.url), code)
    assert "u:p" not in message


@pytest.mark.parametrize("asked", ["\xb2", "9" * 5_000, "-1", "soon", formatdate(0, usegmt=True)])
def test_an_odd_wish_to_wait(cli: CommandLine, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcpforge.gateway.pacing.WINDOW_SECONDS", 1.0)
    headers = {"Retry-After": asked, "X-RateLimit-Remaining": asked}
    with broken({LIST: Answer(429, {}, headers)}) as gateway:
        message = refused(cli("register", "--json", "--gateway", gateway.url), "gateway_limit")
    assert "for 1 s" in message
    assert len(gateway.asked) == 2


def test_a_wish_to_wait_until_a_date() -> None:
    headers = {"retry-after": formatdate(time.time() + 600, usegmt=True)}
    assert 590 <= Pace(lambda _: None).note(headers) <= 601


def test_names_that_terminals_obey(cli: CommandLine) -> None:
    names = {"name": f"x{HOSTILE}", "originalName": f"gone{HOSTILE}", "description": TOKEN}
    hostile = {**tool("echo"), **names}
    there = registered(f"demo{HOSTILE}", URL, slug="demo", description=f"{HOSTILE} {TOKEN}")
    virtual = {"id": "v", "name": f"v{HOSTILE}", "associatedToolIds": [hostile["id"]]}
    answers = {
        LIST: Answer(200, [there]),
        TOOLS: Answer(200, {"tools": [hostile]}),
        "GET /v1/servers": Answer(200, {"servers": [virtual]}),
        f"PUT /v1/gateways/{ID}": Answer(200, there),
        REFRESH: Answer(200, {"success": True, "validationErrors": [f"y{HOSTILE}: {TOKEN}"]}),
    }
    with broken(answers) as gateway:
        refusal = cli("register", "--gateway", gateway.url)
        assert refusal.code == 1
        assert "v\ufffd[2J\ufffd" in checked(refusal)
        done = cli("register", "--yes", "--gateway", gateway.url)
        assert TOKEN not in cli("register", "--yes", "--json", "--gateway", gateway.url).out
    assert done.code == 0
    assert "*****" in checked(done)


def test_what_was_never_stored(cli: CommandLine) -> None:
    answers = {POST: Answer(200, THERE), ONE: Answer(404, {"detail": "Gateway not found"})}
    with broken(answers) as gateway:
        message = refused(cli("register", "--json", "--gateway", gateway.url), "gateway_missing")
    assert message == "The gateway said that `demo` is registered, but it does not have it"


def test_tools_that_come_late(cli: CommandLine) -> None:
    answers = {
        POST: Answer(200, THERE),
        ONE: Answer(200, THERE),
        REFRESH: Answer(200, {"success": True}),
        TOOLS: Answer(200, {"tools": []}, times=1),
        LIST: Answer(200, []),
        "GET *": LISTED,
    }
    with broken(answers) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    (server,) = outcome.json["data"]["servers"]
    assert (outcome.code, server["agents_see"], server["skipped"]) == (0, ["demo-echo"], [])


@pytest.mark.parametrize("there", [[], [THERE]])
def test_tools_that_never_come_are_named(cli: CommandLine, there: list[Any]) -> None:
    answers = {
        LIST: Answer(200, there),
        POST: Answer(200, THERE),
        ONE: Answer(200, THERE),
        f"PUT /v1/gateways/{ID}": Answer(200, THERE),
        REFRESH: Answer(200, {"success": True, "validationErrors": 5}),
        TOOLS: NONE,
    }
    with broken(answers) as gateway:
        outcome = cli("register", "--gateway", gateway.url)
    assert outcome.code == 0
    assert "skipped echo: the gateway does not list it, and does not say why" in checked(outcome)


def test_what_is_registered_when_the_tools_fail(cli: CommandLine) -> None:
    answers = {POST: Answer(200, THERE), TOOLS: Answer(500, b"<html>")}
    with broken(answers) as gateway:
        message = refused(cli("register", "--json", "--gateway", gateway.url), "gateway_failed")
    assert message == "`demo` is registered, but the gateway failed to list the tools: HTTP 500"


def test_pages_without_an_end(cli: CommandLine) -> None:
    page = {"gateways": [], "nextCursor": "again"}
    with broken({LIST: Answer(200, page)}) as gateway:
        refused(cli("register", "--json", "--gateway", gateway.url), "gateway_answer")
        assert len(gateway.asked) == 2


def test_a_body_without_an_end(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_MOST_BYTES", 2**20)
    with broken({LIST: Answer(200, b" " * 2**21)}) as gateway:
        message = refused(cli("register", "--json", "--gateway", gateway.url), "gateway_answer")
    assert "more than 1 MB" in message


def test_a_body_that_drips(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece comes soon enough, the whole does not."""
    monkeypatch.setattr(client, "READ_SECONDS", 0.5)
    with broken({LIST: Answer(200, b" " * 100, drip=0.1)}) as gateway:
        refused(cli("register", "--json", "--gateway", gateway.url), "gateway_slow")


def test_what_a_broken_server_makes_libraries_log(project: Path) -> None:
    """In a process of its own: there the client's libraries log to nobody but the terminal."""
    garbage = Answer(200, {}, {"Content-Type": "application/json"})
    with broken({"*": garbage}) as server, broken() as gateway:
        words = ("register", "--gateway", gateway.url, "--url", f"{server.url}/mcp")
        done = mcpforge(*words, cwd=project)
    assert done.returncode == 4
    assert b"can't list its tools" in done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"error: ")


def test_doctor_shows_a_credential_to_no_other_server(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address of a registered server is the gateway's word."""
    monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", "the-servers-own-token")
    asked: list[tuple[str, Any]] = []

    def look(targets: list[tuple[str, Any]]) -> list[Upstream]:
        asked.extend(targets)
        return [Upstream((), {})]

    monkeypatch.setattr(upstream, "look", look)
    for url in (URL, "https://elsewhere.example/mcp"):
        with broken({LIST: Answer(200, [registered("demo", url)])}) as gateway:
            monkeypatch.setenv("MCPFORGE_GATEWAY_URL", gateway.url)
            cli("doctor")
    assert [(url, credential is not None) for url, credential in asked] == [
        (URL, True),
        ("https://elsewhere.example/mcp", False),
    ]


def test_a_digest_that_cannot_be_kept(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It only saves a request; what is registered is told all the same."""
    monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", "the-servers-own-token")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "state" / "mcpforge").mkdir(parents=True)
    (tmp_path / "state" / "mcpforge" / "registrations").write_text("in the way")
    with broken({POST: Answer(200, THERE), TOOLS: LISTED}) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    assert (outcome.code, outcome.json["data"]["servers"][0]["agents_see"]) == (0, ["demo-echo"])


def test_what_left_before_a_failure_is_named(cli: CommandLine) -> None:
    servers = [registered(name, f"http://h/{name}", id=name) for name in ("one", "two")]
    answers = {
        LIST: Answer(200, servers),
        "DELETE /v1/gateways/one": Answer(200, {"status": "success"}),
        "DELETE /v1/gateways/two": Answer(500, b""),
    }
    with broken(answers) as gateway:
        outcome = cli("unregister", "one", "two", "--json", "--gateway", gateway.url)
    message = refused(outcome, "gateway_failed")
    assert message.endswith("HTTP 500; unregistered before that: `one`")


def test_a_name_of_its_own_is_unregistered(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("add", "contextforge", "--yes").code == 0
    monkeypatch.setenv("DEMO_REGISTER_NAME", "demo-in-production")
    there = registered("demo-in-production", URL)
    answers = {LIST: Answer(200, [there]), "DELETE *": Answer(200, {"status": "success"})}
    with broken(answers) as gateway:
        outcome = cli("unregister", "--json", "--gateway", gateway.url)
    assert outcome.json["data"]["unregistered"] == ["demo-in-production"]


def test_one_server_of_two_projects_is_refused(cli: CommandLine, tmp_path: Path) -> None:
    assert cli("new", str(tmp_path / "other"), "--no-git", "--yes").code == 0
    assert cli("new", str(tmp_path / "again" / "demo"), "--no-git", "--yes").code == 0
    with broken() as gateway:
        for words, what in (
            ((".", "../other"), f"the URL `{URL}`"),
            ((".", "../again/demo", "--url", "http://127.0.0.1:1/{name}"), "the name `demo`"),
        ):
            outcome = cli("register", *words, "--json", "--gateway", gateway.url)
            (error,) = outcome.json["errors"]
            assert (outcome.code, error["code"]) == (2, "same_server")
            assert what in error["message"]
        assert gateway.asked == []


def test_nobody_waits_for_a_turn_after_an_interruption(cli: CommandLine, tmp_path: Path) -> None:
    """Several projects are sent by threads, which Ctrl-C does not reach."""
    assert cli("new", str(tmp_path / "other"), "--no-git", "--yes").code == 0
    words = ("register", ".", "../other", "--no-preflight", "--url", "http://127.0.0.1:1/{name}")
    with broken({POST: Answer(429, {}, {"Retry-After": "50"})}) as gateway:
        started = subprocess.Popen(
            [sys.executable, "-m", "mcpforge", *words, "--json", "--gateway", gateway.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        while sum(one.method == "POST" for one in gateway.asked) < 2:
            time.sleep(0.05)
        started.send_signal(signal.SIGINT)
        out, _ = started.communicate(timeout=20)
    assert started.returncode == 130
    assert json.loads(out)["errors"][0]["code"] == "interrupted"

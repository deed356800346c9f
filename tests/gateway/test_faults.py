"""The fault table: whatever goes wrong at a gateway or a server is a sentence and an exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.broken import Answer, broken, registered, tool
from mcpforge.gateway import client, local, settling, upstream
from mcpforge.gateway.serving import Running
from mcpforge.gateway.upstream import Upstream, UpstreamTool
from real.servers import free_port

if TYPE_CHECKING:
    from processes import CommandLine, Outcome

TOKEN = "the-gateways-own-token-0123456789"
UPSTREAM_TOKEN = "the-servers-own-token-9876543210"
URL = "http://127.0.0.1:8000/mcp"
ECHO = Upstream((UpstreamTool("echo", "Echo", {"type": "object"}),), {})


@pytest.fixture
def project(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project and stand in it, with a token for the gateway."""
    assert cli("new", "demo", "--no-git", "--yes").code == 0
    monkeypatch.chdir(tmp_path / "demo")
    monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", TOKEN)
    return tmp_path / "demo"


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every server look healthy, so that what is tested is the gateway."""
    monkeypatch.setattr(upstream, "look", lambda targets: [ECHO for _ in targets])


def failed(outcome: Outcome) -> dict[str, str]:
    """Return the one error of an envelope; no token may stand anywhere."""
    for secret in (TOKEN, UPSTREAM_TOKEN):
        assert secret not in outcome.out + outcome.err
    envelope = outcome.json
    assert envelope["exit_code"] == outcome.code
    assert envelope["status"] == "error"
    (error,) = envelope["errors"]
    assert error["message"]
    assert error["hint"]
    found: dict[str, str] = error
    return found


LIST = "GET /v1/gateways"
TOOLS = "GET /v1/tools"
POST = "POST /v1/gateways"
LISTED = Answer(200, {"tools": [tool("echo")]})
HTML = b"<!doctype html><title>Welcome</title>"
REFUSED = "Value error, Gateway URL contains localhost address which is blocked by SSRF protection"
INVALID = {"detail": [{"loc": ["body", "url"], "msg": REFUSED, "type": "value_error"}]}
DOWN = {"message": f"Failed to initialize gateway at {URL}: connection failed"}
WANTS = {"message": f"Failed to initialize gateway at {URL}: server responded with HTTP 401"}
OLDER = {
    "message": f"Failed to initialize gateway at {URL}: Client error '401 Unauthorized' for url "
    f"'{URL}' For more information check: https://developer.mozilla.org/Status/401"
}
OAUTH = {"message": "OAuth authentication failed: Failed to obtain access token after 3 attempts"}
NO_TOOLS = {
    "message": f"Failed to initialize gateway at {URL}: Failed to fetch tools: All 1 tools failed "
    "validation. First error: a b: Tool name must start with a letter, number, or underscore"
}
HOST = {"message": f"Failed to initialize gateway at {URL}: server responded with HTTP 421"}
TAKEN = {"message": "Gateway name already exists"}
TWINS = {"message": "Gateway tool name conflicts with an existing tool"}
MASKED = {"detail": "An error occurred, please try again."}


@pytest.mark.usefixtures("healthy", "project")
@pytest.mark.parametrize(
    ("where", "answer", "code", "message", "hint"),
    [
        (LIST, Answer(401, {"detail": "Invalid authentication credentials"}), "gateway_token",
         "does not accept the token: Invalid authentication credentials", "MCPGATEWAY_BEARER_TOKEN"),  # noqa: E501
        (LIST, Answer(403, {"detail": "Access denied"}), "gateway_forbidden",
         "may not list the servers: Access denied", "permissions"),
        (POST, Answer(403, {"detail": "Access denied"}), "gateway_forbidden",
         "may not register `demo`", "permissions"),
        (LIST, Answer(404, {"detail": "Not Found"}), "gateway_missing", "Not Found", "ContextForge"),  # noqa: E501
        (LIST, Answer(200, HTML), "gateway_answer", "no ContextForge says", "/health"),
        (LIST, Answer(200, {"gateways": [{"no": "id"}]}), "gateway_answer", "no ContextForge", ""),
        (LIST, Answer(200, b"[" * 100_000), "gateway_answer", "no ContextForge", ""),
        (POST, Answer(200, HTML), "gateway_answer", "no ContextForge says", "/health"),
        (POST, Answer(200, []), "gateway_answer", "no ContextForge says", "/health"),
        (LIST, Answer(500, HTML), "gateway_failed", "HTTP 500", "its log"),
        (POST, Answer(500, {"message": "Unexpected error"}), "gateway_failed",
         "HTTP 500, Unexpected error", "its log"),
        (POST, Answer(503, b""), "gateway_failed", "HTTP 503", "its log"),
        (POST, Answer(409, TAKEN), "gateway_taken", "Gateway name already exists", "again"),
        (POST, Answer(409, TWINS), "gateway_taken", "tool name conflicts", "rename one"),
        (POST, Answer(422, INVALID), "gateway_loopback", "url: Gateway URL contains localhost",
         "SSRF_ALLOW_LOCALHOST"),
        (POST, Answer(422, MASKED), "gateway_invalid", "it does not say why",
         "EXPOSE_ERROR_DETAILS"),
        (POST, Answer(502, DOWN), "upstream", "connection failed", "from its machine"),
        (POST, Answer(502, WANTS), "upstream", "HTTP 401", "MCPFORGE_UPSTREAM_TOKEN"),
        (POST, Answer(502, OLDER), "upstream", f"({URL}): server responded with HTTP 401",
         "MCPFORGE_UPSTREAM_TOKEN"),
        (POST, Answer(502, OAUTH), "upstream", "OAuth authentication failed", "--upstream-oauth"),
        (POST, Answer(502, NO_TOOLS), "upstream", "All 1 tools failed", "takes none of its tools"),
        (POST, Answer(502, HOST), "upstream", "HTTP 421", "ALLOWED_HOSTS"),
        (LIST, Answer(429, {"error": "Rate limit lockout"}, {"Retry-After": "900"}),
         "gateway_limit", "for 15 min", "in 15 min"),
        (LIST, Answer(302, b"", {"Location": "https://elsewhere.example/x"}), "gateway_redirect",
         "redirects to `https://elsewhere.example`", "--gateway"),
        (POST, Answer(418, {"detail": "I'm a teapot\x1b[31m"}), "gateway", "HTTP 418", ""),
        (POST, Answer(400, {"detail": f"You sent {TOKEN}"}), "gateway_invalid", "*****", ""),
    ],
)  # fmt: skip
def test_a_gateway_that_refuses(
    cli: CommandLine, where: str, answer: Answer, code: str, message: str, hint: str
) -> None:
    with broken({where: answer}) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
        error = failed(outcome)
    assert outcome.code == 4
    assert error["code"] == code
    assert message in error["message"]
    assert hint in error["hint"]
    assert "\x1b" not in error["message"]


@pytest.mark.usefixtures("healthy", "project")
def test_a_gateway_that_is_down(cli: CommandLine) -> None:
    outcome = cli("register", "--json", "--gateway", f"http://127.0.0.1:{free_port()}")
    error = failed(outcome)
    assert (outcome.code, error["code"]) == (4, "gateway_down")
    assert "mcpforge gateway start" in error["hint"]


@pytest.mark.usefixtures("healthy", "project")
@pytest.mark.parametrize("where", [LIST, POST])
def test_a_gateway_that_is_slow(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.3)
    with broken({where: Answer(seconds=1.5)}) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    error = failed(outcome)
    assert (outcome.code, error["code"]) == (4, "gateway_slow")
    assert ("it may be doing so all the same" in error["message"]) == (where == POST)


@pytest.mark.usefixtures("healthy", "project")
def test_a_gateway_that_hangs_up(cli: CommandLine) -> None:
    with broken({LIST: Answer(200, b"{", {"Content-Length": "100"})}) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    assert (outcome.code, failed(outcome)["code"]) == (4, "gateway_down")


@pytest.mark.usefixtures("healthy", "project")
def test_no_token_goes_elsewhere(cli: CommandLine) -> None:
    with broken() as elsewhere:
        answer = Answer(307, b"", {"Location": f"{elsewhere.url}/v1/gateways"})
        with broken({"*": answer}) as gateway:
            outcome = cli("register", "--json", "--gateway", gateway.url)
            assert gateway.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert (outcome.code, failed(outcome)["code"]) == (4, "gateway_redirect")
    assert elsewhere.asked == []


@pytest.mark.usefixtures("healthy", "project")
def test_too_many_requests_are_waited_for_once(cli: CommandLine) -> None:
    limited = Answer(429, {"error": "Rate limit exceeded"}, {"Retry-After": "1"}, times=1)
    created = Answer(200, registered("demo", URL))
    with broken({LIST: limited, POST: created, TOOLS: LISTED}) as gateway:
        outcome = cli("register", "--gateway", gateway.url)
    assert outcome.code == 0
    assert "waiting for 1 s" in outcome.err
    assert [one.method for one in gateway.asked] == ["GET", "GET", "POST", "GET"]


@pytest.mark.usefixtures("healthy", "project")
def test_an_older_gateway_has_bare_paths(cli: CommandLine) -> None:
    created = Answer(200, registered("demo", URL))
    missing = Answer(404, {"detail": "Not Found"})
    older = {"POST /gateways": created, "GET /tools": LISTED}
    with broken({LIST: missing, POST: missing, **older}) as gateway:
        outcome = cli("register", "--gateway", gateway.url)
    assert outcome.code == 0
    paths = [one.path.partition("?")[0] for one in gateway.asked]
    assert paths == ["/v1/gateways", "/gateways", "/gateways", "/tools"]


@pytest.mark.usefixtures("healthy", "project")
@pytest.mark.parametrize(
    ("name", "url", "code"),
    [
        ("demo", "http://localhost:9999/mcp", "name_taken"),
        ("Demo", "http://localhost:9999/mcp", "name_taken"),
        ("other", "http://localhost:8000/mcp", "url_taken"),
    ],
)
def test_a_name_or_url_that_is_taken(cli: CommandLine, name: str, url: str, code: str) -> None:
    there = {"gateways": [registered(name, url, slug=name.lower())]}
    with broken({LIST: Answer(200, there)}) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    assert (outcome.code, failed(outcome)["code"]) == (4, code)
    assert [one.method for one in gateway.asked] == ["GET"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (Answer(401, {}), "upstream_token", "wants a token"),
        (Answer(403, {}), "upstream_token", "wants a token"),
        (Answer(404, {}), "upstream_not_mcp", "HTTP 404"),
        (Answer(421, {}), "upstream_host", "host guard does not know the host `127.0.0.1`"),
        (Answer(307, b"", {"Location": "/mcp/"}), "upstream_redirect", "redirects to `/mcp/`"),
        (Answer(500, HTML), "upstream_not_mcp", "HTTP 500"),
        (Answer(200, HTML), "upstream_not_mcp", "can't list its tools"),
        (Answer(seconds=2.0), "upstream_slow", "does not answer within"),
    ],
)
def test_a_server_that_refuses(
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    code: str,
    message: str,
) -> None:
    monkeypatch.setattr(upstream, "ANSWER_SECONDS", 0.5)
    with broken() as gateway, broken({"*": answer}) as server:
        url = f"{server.url}/mcp"
        outcome = cli("register", "--json", "--gateway", gateway.url, "--url", url)
    error = failed(outcome)
    assert (outcome.code, error["code"]) == (4, code)
    assert message in error["message"]
    assert [one.method for one in gateway.asked] == ["GET"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:{port}/mcp", "upstream_down"),
        ("http://no-such-host.invalid/mcp", "upstream_dns"),
    ],
)
def test_a_server_that_is_not_there(cli: CommandLine, url: str, code: str) -> None:
    with broken() as gateway:
        url = url.replace("{port}", str(free_port()))
        outcome = cli("register", "--json", "--gateway", gateway.url, "--url", url)
    assert (outcome.code, failed(outcome)["code"]) == (4, code)


@pytest.mark.usefixtures("project")
def test_a_wrong_token_of_the_server_is_not_shown(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", UPSTREAM_TOKEN)
    refusing = Answer(401, {"detail": UPSTREAM_TOKEN})
    with broken() as gateway, broken({"*": refusing}) as server:
        url = f"{server.url}/mcp"
        outcome = cli("register", "--json", "--gateway", gateway.url, "--url", url)
        assert server.asked[0].headers["Authorization"] == f"Bearer {UPSTREAM_TOKEN}"
        assert TOKEN not in json.dumps([one.headers["Authorization"] for one in server.asked])
    error = failed(outcome)
    assert (outcome.code, error["code"]) == (4, "upstream_token")
    assert "does not accept the token that was given" in error["message"]


@pytest.mark.usefixtures("healthy", "project")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--tag", "ok", "--tag", "-"), "gateway_tag"),
        (("--name", "<b>"), "gateway_name"),
        (("--visibility", "everybody"), "usage"),
        (("--visibility", "team"), "gateway_team"),
        (("--url", "ftp://x/mcp"), "gateway_address"),
        (("--url", "http://user:word@x/mcp"), "gateway_address"),
        (("--gateway", "http://gateway.example"), "insecure_http"),
        (("--gateway", "https://user:word@gateway.example"), "gateway_address"),
        (("--token-file", "/dev/null"), "usage"),
        (("--temporary",), "usage"),
        (("--name", "x", "one", "two"), "usage"),
    ],
)
def test_what_is_refused_before_anything_is_sent(
    cli: CommandLine, words: tuple[str, ...], code: str
) -> None:
    with broken() as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url, *words)
    error = outcome.json["errors"][0]
    assert (outcome.code, error["code"]) == (2, code)
    assert "user:word" not in error["message"]
    assert gateway.asked == []


@pytest.mark.usefixtures("healthy", "project")
def test_no_credential_goes_over_plain_http_elsewhere(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to the server, and not to the gateway, which gets it in a request."""
    monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", UPSTREAM_TOKEN)
    with broken() as gateway:
        words = ("register", "--json", "--gateway", gateway.url, "--url", "http://srv.example/mcp")
        outcome = cli(*words)
        assert (outcome.code, failed(outcome)["code"]) == (2, "insecure_http")
        assert gateway.asked == []
    monkeypatch.delenv("MCPGATEWAY_BEARER_TOKEN")
    outcome = cli("register", "--json", "--gateway", "http://gateway.example")
    assert (outcome.code, failed(outcome)["code"]) == (2, "insecure_http")
    assert "the server's credential" in failed(outcome)["message"]


@pytest.mark.usefixtures("healthy", "project")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('client_id = "me"', "lacks `client_secret`, `token_url`"),
        ("{", "neither TOML nor JSON"),
        ('client_id="a"\nclient_secret="b"\ntoken_url="https://x.example"\n'
         'grant_type="authorization_code"', "can only be `client_credentials`"),
        ('client_id="a"\nclient_secret="b"\ntoken_url="id.example"', "can't be `id.example`"),
        ('client_id="a"\nclient_secret="b"\ntoken_url="http://id.example"', "plain http"),
    ],
)  # fmt: skip
def test_client_credentials_that_are_none(
    cli: CommandLine, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "client.toml"
    file.write_text(text, encoding="utf-8")
    with broken() as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url, "--upstream-oauth", str(file))
        assert gateway.asked == []
    assert outcome.code == 2
    assert said in failed(outcome)["message"]


def script(project: Path) -> str:
    """Give the project a server that only listens; return its URL."""
    code = """#!{python}
import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[-1]))):
    time.sleep(600)
"""
    path = project / ".venv" / "bin" / "demo"
    path.parent.mkdir(parents=True)
    path.write_text(code.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o755)
    return f"http://127.0.0.1:{free_port()}/mcp"


@pytest.mark.usefixtures("healthy")
def test_what_was_temporary_goes_by_a_token_of_the_end(
    cli: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minted token is good for an hour, a server may run for days."""
    url = script(project)

    def days(_: object) -> None:
        raise KeyboardInterrupt

    minted = iter(["of-the-start", "of-the-end"])
    monkeypatch.delenv("MCPGATEWAY_BEARER_TOKEN")
    monkeypatch.setattr(local, "token_for", lambda _: next(minted))
    monkeypatch.setattr(Running, "wait", days)
    there = registered("demo", url)
    answers = {
        LIST: Answer(200, [], times=1),
        "GET *": Answer(200, [there]),
        POST: Answer(200, there),
        TOOLS: LISTED,
        "DELETE *": Answer(200, {"status": "success"}),
    }
    with broken(answers) as gateway:
        words = ("register", "--start", "--temporary", "--url", url, "--gateway", gateway.url)
        outcome = cli(*words)
        shown = {one.method: one.headers["Authorization"] for one in gateway.asked}
    assert outcome.code == 0, outcome.err
    assert shown["POST"] == "Bearer of-the-start"
    assert shown["DELETE"] == "Bearer of-the-end"
    assert "Unregistered `demo`" in outcome.err


@pytest.mark.usefixtures("healthy")
def test_what_stays_registered_is_said(
    cli: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = script(project)
    there = registered("demo", url)
    with broken({LIST: Answer(200, []), POST: Answer(200, there), TOOLS: LISTED}) as gateway:

        def ended(_: object) -> None:
            gateway.answers[LIST] = Answer(500, HTML)
            raise KeyboardInterrupt

        monkeypatch.setattr(Running, "wait", ended)
        words = ("register", "--start", "--temporary", "--url", url, "--gateway", gateway.url)
        outcome = cli(*words)
    assert outcome.code == 4
    assert "`demo` is still registered" in outcome.err
    assert "mcpforge unregister demo" in outcome.err


@pytest.mark.usefixtures("healthy")
def test_an_interruption_names_what_may_be_done(
    cli: CommandLine, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project
    monkeypatch.chdir(tmp_path)
    assert cli("new", "other", "--no-git", "--yes").code == 0

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(settling, "apply_plan", interrupted)
    words = ("register", "demo", "other", "--url", "http://127.0.0.1:8000/{name}/mcp")
    with broken() as gateway:
        outcome = cli(*words, "--json", "--gateway", gateway.url)
    assert (outcome.code, failed(outcome)["code"]) == (130, "interrupted")
    assert "`demo`, `other`" in failed(outcome)["message"]
    monkeypatch.setattr(client.Gateway, "send", interrupted)
    there = {LIST: Answer(200, [registered("demo", URL)])}
    with broken(there) as gateway:
        outcome = cli("unregister", "demo", "--json", "--gateway", gateway.url)
    assert (outcome.code, failed(outcome)["code"]) == (130, "interrupted")
    assert "`demo`" in failed(outcome)["message"]


@pytest.mark.usefixtures("healthy")
def test_oauth_without_a_verifier_is_refused(
    cli: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("add", "github", "--yes").code == 0
    with broken({POST: Answer(200, registered("demo", URL)), TOOLS: LISTED}) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
        assert (outcome.code, failed(outcome)["code"]) == (1, "oauth_only")
        assert "mcpforge add bearer" in outcome.json["errors"][0]["hint"]
        assert gateway.asked == []
        oauth = project.parent / "client.toml"
        oauth.write_text(
            'client_id = "me"\nclient_secret = "hush-hush-123"\ntoken_url = "https://id.example/t"'
        )
        shown = cli(
            "register", "--dry-run", "--gateway", gateway.url, "--upstream-oauth", str(oauth)
        )
        assert shown.code == 0
        assert "hush-hush-123" not in shown.out + shown.err
        assert "client_credentials" in shown.out
        assert cli("add", "bearer", "--yes").code == 0
        outcome = cli("register", "--json", "--gateway", gateway.url)
        assert failed(outcome)["code"] == "upstream_token"
        monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", UPSTREAM_TOKEN)
        assert cli("register", "--gateway", gateway.url).code == 0
        sent = next(one for one in gateway.asked if one.method == "POST")
        assert sent.body["auth_token"] == UPSTREAM_TOKEN
        outcome = cli("register", "--gateway", gateway.url, "--upstream-header", "X-API-Key")
        sent = [one for one in gateway.asked if one.method == "POST"][-1]
        assert sent.body["auth_headers"] == [{"key": "X-API-Key", "value": UPSTREAM_TOKEN}]


@pytest.mark.usefixtures("healthy", "project")
def test_a_project_file_sends_no_token_anywhere(
    cli: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broken() as evil, broken() as gateway:
        text = f"MCPFORGE_GATEWAY_URL={evil.url}\nDEMO_GATEWAY_URL={evil.url}\n"
        (project / ".env").write_text(text, encoding="utf-8")
        monkeypatch.setenv("MCPFORGE_GATEWAY_URL", gateway.url)
        cli("register", "--dry-run")
    assert evil.asked == []
    assert len(gateway.asked) == 1

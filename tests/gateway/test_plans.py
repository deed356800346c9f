"""Desired against actual: what is planned, what is sent, what is asked before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway.broken import Answer, Broken, broken, registered, tool
from mcpforge.gateway import upstream
from mcpforge.gateway.upstream import Upstream, UpstreamTool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from processes import CommandLine

URL = "http://127.0.0.1:8000/mcp"
ID = "1" * 32
PUT = f"PUT /v1/gateways/{ID}"
REFRESH = f"POST /v1/gateways/{ID}/tools/refresh"


@pytest.fixture
def offers(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Stand in a project; return what says which tools its server has."""
    assert cli("new", "demo", "--no-git", "--yes").code == 0
    monkeypatch.chdir(tmp_path / "demo")

    def set_tools(*names: str, dropped: dict[str, str] | None = None) -> None:
        tools = tuple(UpstreamTool(name, f"Tool {name}", {"type": "object"}) for name in names)
        found = Upstream(tools, dropped or {})
        monkeypatch.setattr(upstream, "look", lambda targets: [found for _ in targets])

    set_tools("echo")
    return set_tools


def gateway_with(*tools: str, virtual: tuple[str, ...] = (), **record: Any) -> dict[str, Answer]:
    """Return a gateway that has the project and these tools of it."""
    there = {**registered("demo", "http://localhost:8000/mcp"), **record}
    pipeline = {
        "id": "v",
        "name": "pipeline",
        "associatedToolIds": [n.rjust(32, "0") for n in virtual],
    }
    return {
        "GET /v1/gateways": Answer(200, [there]),
        "GET /v1/tools": Answer(200, {"tools": [tool(name) for name in tools]}),
        "GET /v1/servers": Answer(200, {"servers": [pipeline] if virtual else []}),
        PUT: Answer(200, there),
        REFRESH: Answer(200, {"success": True, "toolsAdded": 0}),
    }


def sent(gateway: Broken) -> list[str]:
    """Return the requests that change something."""
    return [
        f"{one.method} {one.path.partition('?')[0]}" for one in gateway.asked if one.method != "GET"
    ]


def test_what_is_as_desired_is_left_alone(cli: CommandLine, offers: Callable[..., None]) -> None:
    offers("echo")
    with broken(gateway_with("echo")) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    assert outcome.json["data"]["servers"][0]["action"] == "nothing"
    assert outcome.json["data"]["servers"][0]["agents_see"] == ["demo-echo"]
    assert sent(gateway) == []


@pytest.mark.parametrize(
    ("record", "what"),
    [
        ({"description": "Old"}, "description"),
        ({"transport": "SSE"}, "transport"),
        ({"reachable": False}, "state"),
        ({"name": "DEMO"}, "name"),
    ],
)
def test_what_differs_is_updated_in_place(
    cli: CommandLine, offers: Callable[..., None], record: dict[str, Any], what: str
) -> None:
    offers("echo")
    with broken(
        {**gateway_with("echo", **record), PUT: Answer(200, registered("demo", URL))}
    ) as gw:
        outcome = cli("register", "--json", "--gateway", gw.url)
    server = outcome.json["data"]["servers"][0]
    assert [one["what"] for one in server["differences"]] == [what]
    assert server["id"] == ID
    assert sent(gw) == [PUT]


def test_what_was_switched_off_is_switched_on(
    cli: CommandLine, offers: Callable[..., None]
) -> None:
    offers("echo")
    answers = gateway_with("echo", enabled=False)
    answers[f"POST /v1/gateways/{ID}/state"] = Answer(200, {})
    with broken(answers) as gateway:
        assert cli("register", "--gateway", gateway.url).code == 0
    assert sent(gateway) == [f"POST /v1/gateways/{ID}/state", PUT]


def test_a_new_tool_is_synced_until_it_is_seen(
    cli: CommandLine, offers: Callable[..., None]
) -> None:
    offers("echo", "greet")
    answers = gateway_with("echo")
    with broken(answers) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    assert outcome.json["data"]["servers"][0]["tools"]["added"] == ["greet"]
    assert sent(gateway) == [PUT, REFRESH]


def test_edits_that_a_sync_loses_are_sent_again(
    cli: CommandLine, offers: Callable[..., None]
) -> None:
    offers("echo")
    answers = gateway_with("echo", description="Old")
    with broken(answers) as gateway:  # its PUT answers with the old description
        assert cli("register", "--gateway", gateway.url).code == 0
    assert sent(gateway)[:2] == [PUT, PUT]


def test_a_tool_that_virtual_servers_have_goes_only_with_yes(
    cli: CommandLine, offers: Callable[..., None]
) -> None:
    offers("echo")
    with broken(gateway_with("echo", "old", virtual=("old",))) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
        assert outcome.code == 1
        assert outcome.json["errors"][0]["code"] == "loses_tools"
        assert "`pipeline`" in outcome.json["errors"][0]["message"]
        assert sent(gateway) == []
        assert cli("register", "--yes", "--gateway", gateway.url).code == 0
        assert sent(gateway)[0] == PUT


def test_a_stored_credential_is_kept(cli: CommandLine, offers: Callable[..., None]) -> None:
    offers("echo")
    with broken(gateway_with("echo", authType="bearer", description="Old")) as gateway:
        assert cli("register", "--gateway", gateway.url).code == 0
    put = next(one for one in gateway.asked if one.method == "PUT")
    assert put.body["auth_token"] == "*****"


@pytest.mark.parametrize(("moved", "action"), [(0, "nothing"), (1, "update")])
def test_only_the_gateway_can_look_at_a_server_whose_token_it_has(
    cli: CommandLine, offers: Callable[..., None], moved: int, action: str
) -> None:
    offers("echo")
    answers = gateway_with("echo", authType="oauth")
    answers[REFRESH] = Answer(200, {"success": True, "toolsUpdated": moved})
    with broken(answers) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    assert outcome.json["data"]["servers"][0]["action"] == action
    assert set(sent(gateway)) == {REFRESH}


def test_what_the_gateway_cannot_list_is_said(
    cli: CommandLine, offers: Callable[..., None]
) -> None:
    offers("echo")
    answers = gateway_with("echo", authType="oauth")
    answers[REFRESH] = Answer(200, {"success": False, "error": "no token for it"})
    with broken(answers) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    assert (outcome.code, outcome.json["errors"][0]["code"]) == (4, "upstream")
    assert "no token for it" in outcome.json["errors"][0]["message"]


def test_a_credential_is_sent_once(
    cli: CommandLine, offers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    offers("echo")
    monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", "first-token")
    with broken(gateway_with("echo", authType="bearer")) as gateway:
        for _ in range(2):
            assert cli("register", "--gateway", gateway.url).code == 0
        assert sent(gateway) == [PUT]
        monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", "second-token")
        assert cli("register", "--gateway", gateway.url).code == 0
        assert sent(gateway) == [PUT, PUT]


def test_what_the_gateway_drops_is_said(cli: CommandLine, offers: Callable[..., None]) -> None:
    offers("echo", "run", dropped={"run": "its description holds `&&`"})
    created = {"POST /v1/gateways": Answer(200, registered("demo", URL))}
    with broken(created) as gateway:
        outcome = cli("register", "--gateway", gateway.url)
    assert "left out: run, its description holds `&&`" in outcome.err


def test_a_dry_run_sends_nothing_and_hides_secrets(
    cli: CommandLine, offers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    offers("echo")
    monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", "first-token")
    with broken() as gateway:
        outcome = cli("register", "--dry-run", "--json", "--gateway", gateway.url)
    (request,) = outcome.json["data"]["requests"]
    assert request["body"]["auth_token"] == "*****"
    assert request["path"] == "/v1/gateways"
    assert "first-token" not in outcome.out
    assert sent(gateway) == []


def test_unregistering_what_is_not_there_is_nothing_to_do(
    cli: CommandLine, offers: Callable[..., None]
) -> None:
    offers("echo")
    with broken() as gateway:
        outcome = cli("unregister", "--gateway", gateway.url)
    assert outcome.code == 0
    assert "Nothing to do" in outcome.err


def test_unregistering_warns_about_virtual_servers(
    cli: CommandLine, offers: Callable[..., None]
) -> None:
    offers("echo")
    answers = gateway_with("echo", virtual=("echo",))
    answers[f"DELETE /v1/gateways/{ID}"] = Answer(200, {"status": "success"})
    with broken(answers) as gateway:
        assert cli("unregister", "--gateway", gateway.url).code == 1
        assert sent(gateway) == []
        outcome = cli("unregister", "--yes", "--gateway", gateway.url)
    assert outcome.code == 0
    assert "mcpforge compose" in outcome.err
    assert sent(gateway) == [f"DELETE /v1/gateways/{ID}"]


COMPOSITION = {
    "name": "pipe",
    "description": "All",
    "servers": [{"name": "demo", "tools": ["echo"]}],
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", f"# Virtual server config\n{json.dumps(COMPOSITION, indent=2)}"),
        ("a.toml", 'name="pipe"\ndescription="All"\n[[servers]]\nname="demo"\ntools=["echo"]'),
        ("a.yaml", "name: pipe\ndescription: All\nservers: [{name: demo, tools: [echo]}]"),
    ],
)
def test_compositions_in_three_forms(
    cli: CommandLine, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    answers = gateway_with("echo", "greet")
    answers["POST /v1/servers"] = Answer(201, {"id": "v1", "name": "pipe"})
    answers["GET /v1/servers/v1/tools"] = Answer(200, [tool("echo")])
    with broken(answers) as gateway:
        outcome = cli("compose", name, "--json", "--gateway", gateway.url)
        url = gateway.url
    assert outcome.json["data"]["url"] == f"{url}/servers/v1/mcp"
    assert outcome.json["data"]["agents_see"] == ["demo-echo"]
    body = next(one.body for one in gateway.asked if one.method == "POST")
    assert body["server"]["associated_tools"] == ["echo".rjust(32, "0")]
    assert body["server"]["description"] == "All"


def test_all_problems_of_a_file_at_once(cli: CommandLine, tmp_path: Path) -> None:
    text = json.dumps({"nme": "x", "tags": ["-"], "servers": [{"tools": "all"}, {"name": "b"}, 3]})
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    outcome = cli("compose", "bad.json", "--json")
    assert outcome.code == 2
    message = outcome.json["errors"][0]["message"]
    for part in (
        "`nme` is unknown",
        "`name` is missing",
        "`servers[1].tools`",
        "servers[3]",
        "`-`",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"name": "p", "servers": ["demo", "demo"]}', "`demo` stands in `servers` twice"),
        ('{"name": "p", "servers": ["demo", {"name": "demo"}]}', "stands in `servers` twice"),
        ('{"name": "p", "name": "q", "servers": ["demo"]}', "`name` stands twice in one object"),
        ('{"name": "p", "servers": []}', "`servers` is empty"),
        ("", "is no JSON"),
    ],
)
def test_what_would_be_lost_without_a_word(
    cli: CommandLine, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    outcome = cli("compose", "bad.json", "--json")
    (error,) = outcome.json["errors"]
    assert outcome.code == 2
    assert said in error["message"]
    assert '{"name": …' in error["hint"]


def test_all_problems_on_the_gateway_at_once(cli: CommandLine, tmp_path: Path) -> None:
    wanted = {"name": "p", "servers": [{"name": "demo", "tools": ["ecko", "no"]}, {"name": "dmo"}]}
    (tmp_path / "c.json").write_text(json.dumps(wanted), encoding="utf-8")
    with broken(gateway_with("echo")) as gateway:
        outcome = cli("compose", "c.json", "--json", "--gateway", gateway.url)
    assert outcome.code == 4
    message = outcome.json["errors"][0]["message"]
    for part in ("no tool `ecko` (Did you mean `echo`?", "no tool `no`", "no server `dmo`"):
        assert part in message
    assert sent(gateway) == []


def test_a_composition_that_loses_a_tool_meanwhile_is_said(
    cli: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "c.json").write_text(json.dumps(COMPOSITION), encoding="utf-8")
    answers = gateway_with("echo")
    answers["POST /v1/servers"] = Answer(201, {"id": "v1", "name": "pipe"})
    answers["GET /v1/servers/v1/tools"] = Answer(200, [])
    with broken(answers) as gateway:
        outcome = cli("compose", "c.json", "--json", "--gateway", gateway.url)
    assert (outcome.code, outcome.json["errors"][0]["code"]) == (4, "composition")
    assert "`demo-echo`" in outcome.json["errors"][0]["message"]


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        (("echo",), "The gateway has the server's 1 tools"),
        (("echo", "old"), "The gateway's tools are not the server's: `-old`"),
    ],
)
def test_doctor_compares_the_tools(
    cli: CommandLine,
    offers: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tools: tuple[str, ...],
    said: str,
) -> None:
    offers("echo")
    monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", "the-token")
    answers = gateway_with(*tools)
    answers["GET /v1/version"] = Answer(200, {"app": {"version": "1.1.0"}})
    answers["GET /v1/rbac/my/permissions"] = Answer(200, ["gateways.read", "tools.read"])
    with broken(answers) as gateway:
        monkeypatch.setenv("MCPFORGE_GATEWAY_URL", gateway.url)
        outcome = cli("doctor")
    assert sent(gateway) == []
    assert said in outcome.out
    assert "ContextForge 1.1.0 answers" in outcome.out
    assert "The token lacks `gateways.create`" in outcome.out


def test_a_tool_that_is_switched_off_is_seen_by_no_agent(
    cli: CommandLine, offers: Callable[..., None]
) -> None:
    offers("echo", "greet")
    answers = gateway_with()
    listed = [tool("echo"), tool("greet", enabled=False)]
    answers["GET /v1/tools"] = Answer(200, {"tools": listed})
    with broken(answers) as gateway:
        outcome = cli("register", "--json", "--gateway", gateway.url)
    (server,) = outcome.json["data"]["servers"]
    assert (server["action"], server["agents_see"]) == ("nothing", ["demo-echo"])
    assert server["skipped"] == ["greet: the gateway has it switched off"]


def test_a_composition_that_keeps_a_tool_is_said(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps(COMPOSITION), encoding="utf-8")
    answers = gateway_with("echo", "greet", virtual=("greet",))
    answers["GET /v1/servers"].body["servers"][0]["name"] = "pipe"
    answers["PUT /v1/servers/v"] = Answer(200, {"id": "v", "name": "pipe"})
    answers["GET /v1/servers/v/tools"] = Answer(200, [tool("echo"), tool("greet")])
    with broken(answers) as gateway:
        outcome = cli("compose", "c.json", "--json", "--gateway", gateway.url)
    assert outcome.code == 4
    assert "kept `demo-greet` in it" in outcome.json["errors"][0]["message"]


SEVERAL = [
    registered("demo", "http://localhost:9/mcp", id="a" * 32, visibility="team", teamId="blue"),
    registered("demo", "http://localhost:8000/mcp", id="b" * 32),
]


def test_a_name_of_several_is_never_guessed(
    cli: CommandLine, offers: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A team may have a server of a name that the public has too."""
    offers("echo")
    (tmp_path / "c.json").write_text(json.dumps(COMPOSITION), encoding="utf-8")
    answers = gateway_with()
    answers["GET /v1/gateways"] = Answer(200, SEVERAL)
    answers["GET /v1/tools"] = Answer(200, {"tools": [tool("echo", gatewayId="b" * 32)]})
    answers["DELETE *"] = Answer(200, {"status": "success"})
    with broken(answers) as gateway:
        monkeypatch.setenv("MCPFORGE_GATEWAY_URL", gateway.url)
        for words in (
            ("unregister", "demo"),
            ("compose", "../c.json"),
            ("register", "--url", "http://127.0.0.1:7/mcp"),
        ):
            outcome = cli(*words, "--json")
            (error,) = outcome.json["errors"]
            assert (outcome.code, error["code"]) in ((4, "name_ambiguous"), (4, "composition"))
            assert f"everal servers are called `demo`: `{'a' * 32}` (team" in error["message"]
        assert sent(gateway) == []
        (server,) = cli("register", "--json").json["data"]["servers"]
        assert (server["action"], server["id"]) == ("nothing", "b" * 32)
        assert cli("unregister", "a" * 32).code == 0
        assert sent(gateway) == [f"DELETE /v1/gateways/{'a' * 32}"]


@pytest.mark.parametrize(("more", "code"), [({}, 4), ({"team": "blue"}, 0)])
def test_a_virtual_server_of_several_is_never_guessed(
    cli: CommandLine, tmp_path: Path, more: dict[str, str], code: int
) -> None:
    (tmp_path / "c.json").write_text(json.dumps({**COMPOSITION, **more}), encoding="utf-8")
    answers = gateway_with("echo")
    both = [{"id": "one", "name": "pipe"}, {"id": "two", "name": "pipe", "teamId": "blue"}]
    answers["GET /v1/servers"] = Answer(200, {"servers": both})
    answers["GET /v1/teams/"] = Answer(200, {"teams": [{"id": "blue", "name": "blue"}]})
    with broken(answers) as gateway:
        outcome = cli("compose", "c.json", "--dry-run", "--json", "--gateway", gateway.url)
    assert outcome.code == code
    if code:
        assert outcome.json["errors"][0]["code"] == "name_ambiguous"
    else:
        assert outcome.json["data"]["requests"][-1]["path"] == "/v1/servers/two"


def test_doctor_says_that_the_gateway_is_down(
    cli: CommandLine, offers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    offers("echo")
    monkeypatch.setenv("MCPFORGE_GATEWAY_URL", "http://127.0.0.1:9")
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "The gateway does not answer" in outcome.out

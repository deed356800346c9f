"""Plans for the gateway: shown with secrets hidden, to one gateway, only as they were planned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from gateway.broken import Answer, Broken, broken, registered, tool
from mcpforge.answers import Answers
from mcpforge.gateway import upstream
from mcpforge.gateway.upstream import Upstream, UpstreamTool
from operations.projects import make
from serve.agents import in_memory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from serve.agents import Agent

SECRET = "s3cr3t-for-the-gateway"
UPSTREAM = "s3cr3t-for-the-server"
ID = "1" * 32


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broken]:
    """Run a gateway that is empty, and give this user a token for it."""
    looks = Upstream((UpstreamTool("echo", "Says it again", {"type": "object"}),), {})
    monkeypatch.setattr(upstream, "look", lambda targets: [looks for _ in targets])
    with broken() as found:
        monkeypatch.setenv("MCPFORGE_GATEWAY_URL", found.url)
        monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", SECRET)
        monkeypatch.setenv("MCPFORGE_UPSTREAM_TOKEN", UPSTREAM)
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder of a server, with a project."""
    folder = tmp_path / "root"
    folder.mkdir()
    make(folder / "demo", Answers(name="demo", year=2026))
    return folder


def play(root: Path, act: Callable[[Agent], Awaitable[None]], **terms: Any) -> None:
    """Let an agent act on a server in memory; it is never told a secret."""

    async def main() -> None:
        async with in_memory(root, **terms) as agent:
            await act(agent)
            for secret in (SECRET, UPSTREAM, str(root)):
                assert not any(secret in text for text in agent.heard)

    asyncio.run(main())


def written(gateway: Broken) -> list[str]:
    """Return what was asked of a gateway beside reading."""
    return [f"{one.method} {one.path}" for one in gateway.asked if one.method != "GET"]


def there(gateway: Broken, *tools: str, **more: Any) -> None:
    """Let the gateway have the project."""
    record = {**registered("demo", "http://127.0.0.1:8000/mcp"), **more}
    gateway.answers |= {
        "GET /v1/gateways": Answer(200, [record]),
        "GET /v1/tools": Answer(200, {"tools": [tool(name) for name in tools]}),
        "POST /v1/gateways": Answer(200, record),
        f"GET /v1/gateways/{ID}": Answer(200, record),
        f"DELETE /v1/gateways/{ID}": Answer(200, {}),
    }


def test_a_registration_is_planned_then_sent(root: Path, gateway: Broken) -> None:
    async def act(agent: Agent) -> None:
        plan = await agent("plan_register", project="demo", tags=["weather"])
        assert plan["gateway"] == gateway.url
        assert plan["requests"][0]["path"] == "/v1/gateways"
        assert plan["requests"][0]["body"]["auth_token"] == "*****"
        assert "*****" in (await agent("show_diff", plan_id=plan["plan_id"]))["text"]
        assert written(gateway) == []
        gateway.answers["POST /v1/gateways"] = Answer(
            200, registered("demo", "http://127.0.0.1:8000/mcp")
        )
        gateway.answers["GET /v1/tools"] = Answer(200, {"tools": [tool("echo")]})
        done = await agent("apply", plan_id=plan["plan_id"])
        assert done["written"] == ["demo"]
        assert written(gateway)[0] == "POST /v1/gateways"
        posted = next(one.body for one in gateway.asked if one.method == "POST")
        assert posted["auth_token"] == UPSTREAM
        told = await agent.refused("apply", plan_id=plan["plan_id"])
        assert told["code"] == "plan_applied"

    play(root, act)


def test_a_gateway_that_changed_makes_a_plan_stale(root: Path, gateway: Broken) -> None:
    async def act(agent: Agent) -> None:
        plan = await agent("plan_register", project="demo")
        there(gateway, "other", description="Another one")
        assert (await agent.refused("apply", plan_id=plan["plan_id"]))["code"] == "stale"
        assert written(gateway) == []

    play(root, act)


def test_a_project_can_not_lead_the_token_elsewhere(root: Path, gateway: Broken) -> None:
    (root / "demo/.env").write_text("DEMO_BASE_URL=https://evil.example\n")
    make(root / "pub", Answers(name="pub", features=("contextforge",), year=2026))
    (root / "pub/.env").write_text("PUB_REGISTER_URL=https://evil.example/mcp\n")

    async def act(agent: Agent) -> None:
        refused = await agent.refused("plan_register", project="pub")
        assert refused["code"] == "url_not_allowed"
        assert gateway.asked == []

    async def allowed(agent: Agent) -> None:
        plan = await agent("plan_register", project="pub")
        assert plan["requests"][0]["body"]["url"] == "https://mine.example/pub/mcp"

    play(root, act)
    play(root, allowed, url="https://mine.example/{name}/mcp")


def test_losses_have_to_be_allowed(root: Path, gateway: Broken) -> None:
    there(gateway, "echo")
    pipeline = {"id": "v", "name": "pipeline", "associatedToolIds": ["echo".rjust(32, "0")]}
    gateway.answers["GET /v1/servers"] = Answer(200, {"servers": [pipeline]})

    async def act(agent: Agent) -> None:
        told = await agent.refused("plan_unregister", names=["demo"])
        assert (told["code"], "`pipeline`" in told["message"]) == ("loses_tools", True)
        plan = await agent("plan_unregister", names=["demo"], allow_losses=True)
        assert plan["losses"][0]["server"] == "pipeline"
        assert written(gateway) == []
        done = await agent("apply", plan_id=plan["plan_id"])
        assert done["deleted"] == ["demo"]
        assert written(gateway) == [f"DELETE /v1/gateways/{ID}"]
        nobody = await agent("plan_unregister", names=["nobody"])
        assert nobody["plan_id"] is None

    play(root, act)


def test_a_virtual_server_is_planned(root: Path, gateway: Broken) -> None:
    there(gateway, "echo")

    async def act(agent: Agent) -> None:
        plan = await agent(
            "plan_compose", name="pipeline", servers=[{"name": "demo", "tools": ["echo"]}]
        )
        assert plan["tools_added"] == ["demo-echo"]
        assert plan["requests"][0]["path"] == "/v1/servers"
        told = await agent.refused(
            "plan_compose", name="pipeline", servers=[{"name": "demo", "tools": ["greet"]}]
        )
        assert "`greet`" in told["message"]
        assert written(gateway) == []

    play(root, act)


def test_a_gateway_that_is_away_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCPFORGE_GATEWAY_URL", "http://127.0.0.1:9")

    async def act(agent: Agent) -> None:
        for name, arguments in (
            ("plan_register", {"project": "demo"}),
            ("plan_unregister", {"names": ["demo"]}),
            ("plan_compose", {"name": "p", "servers": [{"name": "demo"}]}),
        ):
            told = await agent.refused(name, **arguments)
            assert told["hint"]

    play(root, act)

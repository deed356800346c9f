"""An agent takes a server from a wish to the real gateway, and off it again, by tools alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from gateway import real
from gateway.users import called, made, user
from serve.agents import over_stdio

if TYPE_CHECKING:
    from pathlib import Path

    from real.workshop import Workshop
    from serve.agents import Agent

pytestmark = [pytest.mark.real, pytest.mark.service]


def test_registered_composed_and_called(
    shop: Workshop, contextforge: real.Home, tmp_path: Path
) -> None:
    me = user(shop, contextforge)
    folder = made(shop, me, tmp_path / "agents-server", "--preset", "minimal")
    (folder / ".env").write_text(f"AGENTS_SERVER_PORT={real.free_port()}\n", encoding="utf-8")
    token = contextforge("token").strip()

    async def act(agent: Agent) -> None:
        plan = await agent("plan_register", project="agents-server")
        assert plan["gateway"] == me.environment["MCPFORGE_GATEWAY_URL"]
        done = await agent("apply", plan_id=plan["plan_id"])
        assert done["agents_see"] == ["agents-server-echo"]
        composed = await agent.apply(
            "plan_compose",
            name="agents-pipeline",
            description="By an agent",
            servers=[{"name": "agents-server", "tools": ["echo"]}],
        )
        assert composed["agents_see"] == ["agents-server-echo"]
        names, answer = await asyncio.to_thread(
            called, composed["url"], token, "agents-server-echo", {"text": "test"}
        )
        assert (names, answer) == (["agents-server-echo"], "test")
        again = await agent(
            "plan_compose",
            name="agents-pipeline",
            description="By an agent",
            servers=[{"name": "agents-server", "tools": ["echo"]}],
        )
        assert again["plan_id"] is None
        told = await agent.refused("plan_unregister", names=["agents-server"])
        assert told["code"] == "loses_tools"
        gone = await agent.apply("plan_unregister", names=["agents-server"], allow_losses=True)
        assert gone["deleted"] == ["agents-server"]
        assert not any(token in text for text in agent.heard)

    async def main() -> None:
        async with over_stdio(
            tmp_path, "--start", script=shop.wheel(), env=me.environment
        ) as agent:
            await act(agent)

    try:
        asyncio.run(main())
    finally:
        me("register", "--stop", cwd=folder)

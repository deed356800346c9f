"""The client of the official SDK, which checks each result by the tool's schema, in both eras."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client, StdioServerParameters

from mcpforge.answers import Answers
from operations.projects import answers_of, make, tree_of
from serve.agents import SCRIPT

if TYPE_CHECKING:
    from mcp.types import CallToolResult


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_from_a_wish_to_a_grown_server(mode: str, tmp_path: Path, machine: dict[str, str]) -> None:
    program = StdioServerParameters(
        command=str(SCRIPT), args=["mcp", str(tmp_path)], env=machine, cwd=str(tmp_path)
    )

    async def main() -> None:
        async with Client(program, mode=mode, read_timeout_seconds=60) as client:
            assert len((await client.list_tools()).tools) == 18
            way = await client.get_prompt("build_server", {"wish": "Weather", "path": "weather"})
            assert "Weather" in str(way.messages[0].content)

            async def told(tool: str, **arguments: Any) -> dict[str, Any]:
                result = await client.call_tool(tool, arguments)
                assert not result.is_error, result.content
                return dict(result.structured_content)

            plan = await told("plan_new", path="weather", features=["timing"], title="It's {{ x }}")
            assert not (tmp_path / "weather").exists()
            assert "Timing" in json.dumps(await told("show_diff", plan_id=plan["plan_id"]))
            await told("apply", plan_id=plan["plan_id"])
            before = tree_of(tmp_path / "weather")
            plan = await told("plan_add", project="weather", features=["caching"])
            await told("apply", plan_id=plan["plan_id"])
            assert answers_of(tmp_path / "weather").features == ("caching", "timing")
            undo = await told("plan_undo", project="weather")
            await told("apply", plan_id=undo["plan_id"])
            assert tree_of(tmp_path / "weather") == before
            for tool, arguments, code in (
                ("apply", {"plan_id": plan["plan_id"]}, "plan_applied"),
                ("apply", {"plan_id": "nobody"}, "unknown_plan"),
                ("plan_add", {"project": "weather", "features": ["chaching"]}, "unknown_feature"),
                ("plan_add", {"project": "../x", "features": ["caching"]}, "outside"),
                ("plan_set", {"project": "weather", "title": "x" * 3_000_000}, "bad_arguments"),
            ):
                _check(await client.call_tool(tool, arguments), code)

    asyncio.run(main())


def _check(result: CallToolResult, code: str) -> None:
    assert result.is_error
    assert result.structured_content
    assert list(result.structured_content) == ["code", "message", "hint"]
    assert result.structured_content["code"] == code


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_call_that_is_given_up_leaves_the_project_whole(
    mode: str, tmp_path: Path, machine: dict[str, str]
) -> None:
    make(tmp_path / "weather", Answers(name="weather", year=2026))
    before = tree_of(tmp_path / "weather")
    program = StdioServerParameters(
        command=str(SCRIPT), args=["mcp", str(tmp_path)], env=machine, cwd=str(tmp_path)
    )

    async def main() -> None:
        async with Client(program, mode=mode, read_timeout_seconds=60) as client:
            for seconds in (0.005, 0.05, 0.2):
                plan = await client.call_tool(
                    "plan_add", {"project": "weather", "features": ["caching"]}
                )
                wish = {"plan_id": plan.structured_content["plan_id"]}
                try:
                    async with asyncio.timeout(seconds):
                        await client.call_tool("apply", wish)
                except TimeoutError:
                    pass
                found = await client.call_tool("apply", wish)
                if found.is_error:
                    assert found.structured_content["code"] == "plan_applied"
                assert answers_of(tmp_path / "weather").features == ("caching",)
                told = await client.call_tool("doctor", {"path": "weather"})
                assert told.structured_content["errors"] == 0
                undo = await client.call_tool("plan_undo", {"project": "weather"})
                back = {"plan_id": undo.structured_content["plan_id"]}
                assert not (await client.call_tool("apply", back)).is_error
                assert tree_of(tmp_path / "weather") == before

    asyncio.run(main())

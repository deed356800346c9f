"""Over HTTP: only with the token, only for this machine, in both eras of the protocol."""

from __future__ import annotations

import asyncio
import json
import re
import stat
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastmcp.exceptions import McpError

from mcpforge.answers import Answers
from operations.projects import answers_of, make
from processes import CommandLine, clean_environment, everything
from serve.agents import over_http

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serve.agents import Serving

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a server, with a project."""
    found = tmp_path_factory.mktemp("root")
    make(found / "weather", Answers(name="weather", year=2026))
    return found


@pytest.fixture(scope="module")
def serving(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Run one server for the tests of this module."""
    with over_http(root, env=clean_environment(tmp_path_factory.mktemp("home"))) as found:
        yield found


def post(serving: Serving, body: Any = LIST, **headers: str) -> int:
    """Send one request and return its status."""
    told = {**ACCEPT, "Authorization": f"Bearer {serving.token}", **headers}
    return httpx2.post(serving.url, json=body, headers=told, timeout=30).status_code


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_both_eras_plan_and_apply(serving: Serving, root: Path, mode: str) -> None:
    async def main() -> None:
        async with serving.agent(mode) as agent:
            assert len(await agent.client.list_tools()) == 18
            await agent.apply("plan_set", project="weather", title=f"In {mode}")
            assert answers_of(root / "weather").title == f"In {mode}"
            assert (await agent.client.get_prompt("build_server", {"wish": "x"})).messages
            assert await agent.client.read_resource("mcpforge://catalogue")

    asyncio.run(main())


def test_only_with_the_token(serving: Serving, root: Path) -> None:
    before = everything(root)
    assert post(serving) in (200, 400)  # 400: a request of no era, which got past the guards
    good = f"Bearer {serving.token}"
    bad = [
        *("", "Bearer", "Bearer x", f"Bearer {serving.token}x", "Bearer hidden"),
        *(f"Bearer {serving.token[:-1]}", f"Basic {serving.token}", good.swapcase()),
    ]
    for value in bad:
        assert post(serving, Authorization=value) == 401, value
    assert httpx2.post(serving.url, json=LIST, headers=ACCEPT).status_code == 401
    asked = f"{serving.url}?token={serving.token}&access_token={serving.token}"
    assert httpx2.post(asked, json=LIST, headers=ACCEPT).status_code == 401
    for method in ("GET", "DELETE", "PUT"):
        assert httpx2.request(method, serving.url, headers=ACCEPT).status_code in (401, 405)
    assert everything(root) == before


def test_only_for_this_machine(serving: Serving) -> None:
    port = serving.url.split(":")[2].split("/")[0]
    for host in ("evil.example", "evil.example:80", f"127.0.0.1.evil.example:{port}", "0.0.0.0"):
        assert post(serving, Host=host) == 421, host
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        assert post(serving, Host=host) in (200, 400), host


def test_not_for_foreign_pages(serving: Serving) -> None:
    for origin in ("https://evil.example", "http://127.0.0.1.evil.example", "null", "file://"):
        assert post(serving, Origin=origin) == 403, origin
        answer = httpx2.options(
            serving.url,
            headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        )
        assert answer.status_code in (401, 403)
        assert "access-control-allow-origin" not in answer.headers


def test_it_is_on_no_other_address(serving: Serving) -> None:
    import socket

    port = int(serving.url.split(":")[2].split("/")[0])
    own = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in own - {"127.0.0.1"}:
        with socket.socket() as probe:
            probe.settimeout(5)
            assert probe.connect_ex((str(address), port)) != 0


def test_bodies_that_are_too_large(serving: Serving) -> None:
    call = {
        **LIST,
        "method": "tools/call",
        "params": {"name": "plan_new", "arguments": {"path": "x", "title": "x" * 5_000_000}},
    }
    assert post(serving, call) == 413


def test_a_wrong_token_in_a_client(serving: Serving) -> None:
    async def main() -> None:
        wrong = type(serving)(serving.url, "wrong", serving.process)
        with pytest.raises(McpError):
            async with wrong.agent() as agent:
                await agent("list_projects")

    asyncio.run(main())


def test_two_clients_at_once(serving: Serving, root: Path) -> None:
    async def main() -> None:
        async with serving.agent() as one, serving.agent("legacy") as two:
            plans = await asyncio.gather(
                one("plan_set", project="weather", title="One"),
                two("plan_set", project="weather", title="Two"),
            )
            results = await asyncio.gather(
                *(
                    agent.client.call_tool(
                        "apply", {"plan_id": plan["plan_id"]}, raise_on_error=False
                    )
                    for agent, plan in zip((one, two), plans, strict=True)
                )
            )
            told: list[Any] = [result.structured_content for result in results]
            assert sorted(result.is_error for result in results) == [False, True]
            assert [one["code"] for one in told if "code" in one] == ["stale"]
            made = await asyncio.gather(
                *(
                    agent.apply("plan_new", path=f"s{number}")
                    for number, agent in enumerate((one, two, one, two))
                )
            )
            assert {item["project"] for item in made} == {"s0", "s1", "s2", "s3"}
            listed = await one("list_projects")
            assert listed["projects"] == ["s0", "s1", "s2", "s3", "weather"]

    asyncio.run(main())
    assert answers_of(root / "weather").title in ("One", "Two")


def test_a_token_of_a_file(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "token"

    async def use() -> None:
        with over_http(
            root, "--http-token-file", str(path), token=path.read_text().strip()
        ) as serving:
            async with serving.agent() as agent:
                assert "weather" in (await agent("list_projects"))["projects"]

    path.write_text("a" * 32)
    path.chmod(0o600)
    asyncio.run(use())
    path.unlink()
    with over_http(root, "--http-token-file", str(path), token="?"):
        made = path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", made)
    asyncio.run(use())
    assert path.read_text().strip() == made


def test_files_that_are_no_place_for_a_token(root: Path, tmp_path: Path, cli: CommandLine) -> None:
    secret = "b" * 40
    path = tmp_path / "token"
    path.write_text(secret)
    link = tmp_path / "link"
    link.symlink_to(path)
    short = tmp_path / "short"
    short.write_text("short")
    inside = root / "token"
    for file, mode in ((path, 0o644), (path, 0o640), (link, 0o600), (short, 0o600)):
        path.chmod(mode)
        short.chmod(mode)
        found = cli("mcp", str(root), "--http", "--http-token-file", str(file), "--json")
        assert found.code == 2, found
        assert secret not in found.out + found.err
    for file in (inside, tmp_path / "missing/token", tmp_path):
        found = cli("mcp", str(root), "--http", "--http-token-file", str(file))
        assert found.code == 2, found
    assert not inside.exists()
    assert cli("mcp", str(root), "--http-token-file", str(path)).code == 2


def test_a_port_that_is_taken(serving: Serving, root: Path, cli: CommandLine) -> None:
    port = serving.url.split(":")[2].split("/")[0]
    found = cli("mcp", str(root), "--http", "--port", port, "--json")
    assert (found.code, found.json["errors"][0]["code"]) == (1, "port_in_use")
    assert json.loads(found.out)["command"] == "mcp"

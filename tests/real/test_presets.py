"""The presets as their users have them: installed by `uv sync`, with their coverage and workers."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import httpx2
import pytest

from real import servers
from real.cover import Case, parameters, plan
from real.test_projects import check_components, no_secret_in, sign_in, use_everything
from real.workshop import ENVIRONMENT, Project, Words, Workshop, once, run, uv

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real
PRESETS = {case.preset: case for case in plan() if case.preset}
BUSIEST = max(PRESETS.values(), key=lambda case: len(case.chosen))


def synced(workshop: Workshop, case: Case) -> Project:
    """Return a preset's project with all that `uv sync` gives it, made once."""
    root = workshop.folder / "synced" / case.name
    project = Project(case, root, workshop.folder / "home")
    with once(root) as mine:
        if mine:
            project.home.mkdir(exist_ok=True)
            workshop.generate(case, root)
            run([uv(), "sync", "-q"], cwd=root)
    return project


def needed_redis(
    project: Project, server: servers.RedisServer | None
) -> servers.RedisServer | None:
    """Return the Redis that a project needs, or None; skip where there is none."""
    if project.setting("redis_url") is None:
        return None
    if server is None:
        pytest.skip("redis-server is not installed")
    return server


@pytest.mark.parametrize("case", parameters(PRESETS.values()))
def test_own_tests_cover_it_and_types_hold(
    case: Case, workshop: Workshop, redis_server: servers.RedisServer | None
) -> None:
    project = synced(workshop, case)
    environment = {**project.base_environment, "PATH": ENVIRONMENT["PATH"]}
    if redis := needed_redis(project, redis_server):
        prefix = project.answers.env_prefix
        environment[f"{prefix}TEST_REDIS_URL"] = redis.url(100)
    command = [uv(), "run", "--no-sync", "--offline"]
    done = run([*command, "pytest", "-q", "--cov"], cwd=project.root, env=environment)
    total = re.search(r"^TOTAL.* (\d+)%$", done.stdout, re.MULTILINE)
    assert total, done.stdout
    assert int(total[1]) >= 90
    run([*command, "mypy"], cwd=project.root, env=environment)
    run([*command, "ruff", "check"], cwd=project.root, env=environment)
    run([*command, "ruff", "format", "--check"], cwd=project.root, env=environment)


def test_the_fastmcp_command_finds_the_server(workshop: Workshop) -> None:
    case = next(case for case in PRESETS.values() if case is not BUSIEST and case.chosen)
    project = synced(workshop, case)
    environment = {**project.base_environment, "PATH": ENVIRONMENT["PATH"]}
    output = project.root.parent / "inspected.json"
    command = [uv(), "run", "--no-sync", "--offline", "fastmcp", "inspect"]
    run(
        [*command, "fastmcp.json", "--format", "fastmcp", "--output", output],
        cwd=project.root,
        env=environment,
    )
    found = json.loads(output.read_text(encoding="utf-8"))
    assert found["server"]["name"] == case.name
    assert "echo" in {tool["name"] for tool in found["tools"]}


def test_runs_through_uv_over_stdio(
    workshop: Workshop, world: servers.Outside, tmp_path: Path
) -> None:
    case = min(PRESETS.values(), key=lambda case: len(case.chosen))
    project = synced(workshop, case)
    values = servers.environment(project, world, None)
    values["PATH"] = ENVIRONMENT["PATH"]

    async def main() -> None:
        words = [uv(), "run", "--no-sync", "--offline", case.name]
        transport = servers.stdio_of(words, project.root, values, tmp_path)
        async with servers.client(transport) as client:
            await use_everything(client)

    asyncio.run(main())


@pytest.mark.service
def test_two_workers_behind_one_port(
    workshop: Workshop,
    world: servers.Outside,
    redis_server: servers.RedisServer | None,
    tmp_path: Path,
) -> None:
    """Every request may meet another process: what must be shared is in Redis."""
    project = synced(workshop, BUSIEST)
    redis = needed_redis(project, redis_server)
    assert redis
    redis.command("flushdb", database=101)
    shared = tmp_path / "metrics"
    shared.mkdir()
    values = servers.environment(
        project, world, redis, redis_url=redis.url(101), rate_limit="40/hour"
    )
    values["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
    token = sign_in(project, values, world)
    uvicorn: Words = [
        project.python.with_name("uvicorn"),
        f"{project.package}.asgi:app",
        "--workers",
        "2",
    ]
    with servers.serve(project, values, tmp_path, command=uvicorn) as served:
        assert served.post().status_code == 401
        asyncio.run(check_components(served, token))
        assert served.get("/ready").status_code == 200
        calls = asyncio.run(calls_until_refused(served, token))
        metrics = project.setting("metrics_port")
        assert metrics
        text = httpx2.get(f"http://127.0.0.1:{values[metrics.env]}/metrics", timeout=30).text
    assert calls < 40
    counted = re.search(r'mcp_tool_calls_total\{outcome="success",tool="echo"\} (\S+)', text)
    assert counted, text
    assert float(counted[1]) == calls + 2  # those of both workers, and one for each era
    assert served.text.count("Application shutdown complete") == 2
    no_secret_in(served.text, project, values, token or "")
    assert redis.command("dbsize", database=101) != ["0"]
    shutil.rmtree(shared)


async def calls_until_refused(served: servers.Served, token: str | None) -> int:
    """Return how many calls were answered by any of the workers."""
    from fastmcp.exceptions import McpError

    done = 0
    async with servers.client(served.transport(token)) as client:
        while done < 100:
            try:
                await client.call_tool("echo", {"text": "again"})
            except McpError:
                break
            done += 1
    return done


@pytest.mark.parametrize("case", parameters(PRESETS.values()))
def test_stdio_ends_with_sigterm(
    project: Project, values: dict[str, str], world: servers.Outside, tmp_path: Path
) -> None:
    sign_in(project, values, world)
    script = [str(project.python), str(servers.PROBE), project.package, str(tmp_path)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*script, str(project.script)],
            cwd=project.root,
            env=values,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        assert process.stdin
        assert process.stdout
        hello = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        }
        process.stdin.write(json.dumps(hello).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert answer["result"]["serverInfo"]["name"] == project.case.name
        process.terminate()
        rest, _ = process.communicate(timeout=30)
    assert process.returncode in {0, 130}, (tmp_path / "log").read_text(encoding="utf-8")
    assert rest == b""
    assert (tmp_path / "ended").exists()

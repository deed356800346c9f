"""Each project of the plan: its own tests, and real clients of its console script."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastmcp.exceptions import McpError, ToolError

from real import calls, servers
from real.cover import declared_settings, guarded, parameters, plan
from real.workshop import Project, Words, once, run

if TYPE_CHECKING:
    from pathlib import Path

    from fastmcp import Client

    from real.cover import Case

pytestmark = pytest.mark.real
LIMITS = {"calls": 6, "requests": 20}  # what is counted → how many are allowed
# A provider signs people in by their browser; test_oauth.py does that. Here it takes a token.
SIGNED_IN = {case.id for case in plan() if not guarded(case) or {"bearer", "jwt"} & case.chosen}
LIMITED = [
    case
    for case in plan()
    if case.id in SIGNED_IN and (case.preset or {"rate-limit", "caching"} & case.chosen)
]
REQUIRING = [
    case for case in plan() if any(entry.get("required") for entry in declared_settings(case))
]
LOOKING_UP = [case for case in plan() if "oidc-discovery" in case.chosen][:1]
MODES: tuple[servers.Mode, ...] = ("auto", "legacy")


async def use_everything(client: Client[Any]) -> None:
    """List and use every component; one without an entry in `calls` fails."""
    tools = {tool.name for tool in await client.list_tools()}
    assert tools - calls.TOOLS.keys() == set()
    assert "echo" in tools
    for tool, (arguments, good) in calls.TOOLS.items():
        if tool in tools:
            result = await client.call_tool(tool, dict(arguments))
            assert good(result.structured_content), (tool, result.structured_content)
    resources = {str(resource.uri) for resource in await client.list_resources()}
    assert resources - calls.RESOURCES.keys() == set()
    for uri in sorted(resources):
        await _read(client, uri, calls.RESOURCES[uri])
    templates = {template.uri_template for template in await client.list_resource_templates()}
    assert templates - calls.TEMPLATES.keys() == set()
    for template in sorted(templates):
        await _read(client, *calls.TEMPLATES[template])
    prompts = {prompt.name for prompt in await client.list_prompts()}
    assert prompts - calls.PROMPTS.keys() == set()
    for prompt in sorted(prompts):
        values, telling = calls.PROMPTS[prompt]
        message = (await client.get_prompt(prompt, dict(values))).messages[0]
        assert telling(message.content.text), (prompt, message)  # type: ignore[union-attr]


async def _read(client: Client[Any], uri: str, good: calls.Check) -> None:
    content: Any = (await client.read_resource(uri))[0]
    assert good(content.text), (uri, content)


def no_secret_in(text: str, project: Project, values: dict[str, str], *more: str) -> None:
    """Fail when a secret stands in a log; without telling it."""
    for secret in {*servers.secret_values(project, values), *filter(None, more)}:
        lines = [line for line in text.splitlines() if secret in line]
        assert not lines, f"a secret is in the log: {lines[0].replace(secret, '<secret>')[:300]}"


def sign_in(project: Project, values: dict[str, str], world: servers.Outside) -> str | None:
    """Return a token for a project that checks them, made as its users would make it."""
    if "bearer" in project.case.chosen:
        kept = project.root.with_name(f"{project.case.name}.token")
        with once(kept) as mine:
            if mine:
                command: Words = [
                    project.script,
                    "token",
                    "new",
                    "--scopes",
                    ",".join(servers.SCOPES),
                ]
                done = run(command, cwd=project.root, env=values)
                (token,) = done.stdout.splitlines()
                entry = re.search(r"^\w+_BEARER_TOKENS=(\S+)$", done.stderr, re.MULTILINE)
                assert entry, done.stderr
                kept.write_text(f"{token} {entry[1]}", encoding="utf-8")
        token, digest = kept.read_text(encoding="utf-8").split()
        setting = project.setting("bearer_tokens")
        assert setting
        values[setting.env] = digest
        return token
    return world.token() if "jwt" in project.case.chosen else None


@pytest.mark.parametrize("case", parameters(case for case in plan() if not case.preset))
def test_own_tests(
    case: Case, project: Project, redis: servers.RedisServer | None, tmp_path: Path
) -> None:
    environment = dict(project.base_environment)
    if redis:
        prefix = project.answers.env_prefix
        environment[f"{prefix}TEST_REDIS_URL"] = redis.url(64 + case.number)
    command: Words = [project.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-x"]
    done = run(
        [*command, f"--basetemp={tmp_path / 'base'}"],
        cwd=project.root,
        env=environment,
    )
    assert " passed" in done.stdout
    if redis:
        assert "TEST_REDIS_URL is not set" not in done.stdout


@pytest.mark.parametrize("case", parameters(plan()))
def test_stdio(
    project: Project, values: dict[str, str], world: servers.Outside, tmp_path: Path
) -> None:
    sign_in(project, values, world)

    async def main() -> None:
        for mode in MODES:
            async with servers.client(servers.stdio(project, values, tmp_path), mode) as client:
                await use_everything(client)
            output = (tmp_path / "stdio.out").read_bytes().rstrip(b"\n").split(b"\n")
            assert output
            assert all(json.loads(line)["jsonrpc"] == "2.0" for line in output)

    asyncio.run(main())
    log = (tmp_path / "stdio.log").read_text(encoding="utf-8")
    no_secret_in(log, project, values)
    assert "Traceback" not in log, log


@pytest.mark.parametrize("case", parameters(plan()))
def test_http(
    project: Project, values: dict[str, str], world: servers.Outside, tmp_path: Path
) -> None:
    token = sign_in(project, values, world)
    origins = project.setting("allowed_origins")
    assert origins
    values[origins.env] = "https://app.example"
    with servers.serve(project, values, tmp_path) as served:
        guarded = project.setting("base_url") is not None
        if guarded:
            check_refusals(served)
        if "jwt" in project.case.chosen:
            check_jwts(served, world)
            asyncio.run(check_scopes(project, served, world))
        if token or not guarded:
            asyncio.run(check_components(served, token))
        if guarded and not token:
            with pytest.raises(McpError):
                asyncio.run(check_components(served, None))
        check_routes(project, served, called=bool(token) or not guarded)
    assert served.code in {0, -15}
    assert "Application shutdown complete" in served.text
    assert served.output.read_bytes() == b""
    assert "Traceback" not in served.text, served.text
    no_secret_in(served.text, project, values, token or "")
    if "json-logs" in project.case.chosen:
        for line in served.text.splitlines():
            assert {"time", "level", "logger"} <= json.loads(line).keys(), line


async def check_components(served: servers.Served, token: str | None) -> None:
    """Use everything, in both protocol eras."""
    for mode in MODES:
        async with servers.client(served.transport(token), mode) as client:
            await use_everything(client)


def check_refusals(served: servers.Served) -> None:
    """No token and a wrong one get 401, with the way to sign in where there is one."""
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
        answer = served.post(headers=headers)
        assert answer.status_code == 401, answer.text
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith("Bearer")
    found = re.search(r'resource_metadata="([^"]+)"', challenge)
    if not found:
        return
    metadata = httpx2.get(found[1], timeout=30).json()
    assert metadata["resource"] == f"{served.url}/mcp"
    for issuer in metadata["authorization_servers"]:
        if issuer.startswith(served.url):
            check_authorization_server(served)


def check_authorization_server(served: servers.Served) -> None:
    """The server's own sign-in: its metadata, and a client that registers itself."""
    server = served.get("/.well-known/oauth-authorization-server").json()
    assert server["authorization_endpoint"].startswith(served.url)
    assert server["token_endpoint"].startswith(served.url)
    if registration := server.get("registration_endpoint"):
        client = {"redirect_uris": ["http://localhost:4000/callback"], "client_name": "test"}
        answer = httpx2.post(registration, json=client, timeout=30)
        assert answer.status_code == 201, answer.text
        assert answer.json()["client_id"]


def check_jwts(served: servers.Served, world: servers.Outside) -> None:
    """Tokens that are not for this server, not by this issuer, or not good any more."""
    others = (
        {"expires_in_seconds": -60},
        {"audience": "https://other.test/mcp"},
        {"issuer": "https://other.test/"},
    )
    for changes in others:
        headers = {"Authorization": f"Bearer {world.token(**changes)}"}
        assert served.post(headers=headers).status_code == 401, changes
    with servers.outside() as other:
        forged = other.token(issuer=f"{world.url}/")
    assert served.post(headers={"Authorization": f"Bearer {forged}"}).status_code == 401


async def check_scopes(project: Project, served: servers.Served, world: servers.Outside) -> None:
    """What has a restricted tag isn't there for a token without its scope."""
    tags = project.case.options.get("authorization", {}).get("tags", ())
    if "caching" not in project.case.chosen or "cached" not in (tags or ()):  # type: ignore[operator]
        return
    async with servers.client(served.transport(world.token(scopes=["read"]))) as client:
        names = {tool.name for tool in await client.list_tools()}
        assert "echo" in names
        assert "count_primes" not in names
        with pytest.raises(ToolError):
            await client.call_tool("count_primes", {"limit": 10})


def check_routes(project: Project, served: servers.Served, *, called: bool) -> None:
    """Look at what is public, with no token."""
    chosen = project.case.chosen
    if "health" in chosen:
        assert served.get("/health").json() == {"status": "healthy", "version": "0.1.0"}
        ready = served.get("/ready")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    setting = project.setting("metrics_port")
    if setting:
        port = served.values[setting.env]
        metrics = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
        assert "mcp_uptime_seconds" in metrics
        assert ('outcome="success",tool="echo"' in metrics) == called
        assert served.get("/metrics").status_code == 404
    preflight = httpx2.options(
        f"{served.url}/mcp",
        headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"},
        timeout=30,
    )
    allowed = preflight.headers.get("access-control-allow-origin")
    assert allowed == ("https://app.example" if "cors" in chosen else None)
    if "json-logs" in chosen:
        answer = served.post(headers={"X-Request-ID": "test-4711"})
        assert answer.headers["x-request-id"] == "test-4711"


@pytest.mark.parametrize("case", parameters(LIMITED))
def test_limits_and_cache(
    case: Case, project: Project, values: dict[str, str], world: servers.Outside, tmp_path: Path
) -> None:
    """A probe counts what the tools really did, and whether the lifespan ended."""
    token = sign_in(project, values, world)
    limited = project.setting("rate_limit")
    anonymous = project.setting("cache_anonymous")
    if anonymous:
        values[anonymous.env] = "true"
    if limited:
        # Redis remembers: the other tests of this project count in a database of their own.
        counts = str(case.options.get("rate-limit", {}).get("counts", "calls"))
        limit = LIMITS[counts]
        values[limited.env] = f"{limit}/hour"
        values[f"{project.answers.env_prefix}ADDRESS_LIMIT"] = "80/hour"
        values[f"{project.answers.env_prefix}RATE_LIMIT_URL"] = "memory://"
    script = [project.script, "--transport", "http"]
    command: Words = [project.python, servers.PROBE, project.package, tmp_path, *map(str, script)]
    with servers.serve(project, values, tmp_path, command=command) as served:
        used = asyncio.run(check_cache(served, token))
        if limited:
            done = asyncio.run(check_limit(served, token, limit))
            assert counts != "calls" or used + done == limit
            check_address_limit(served)
    assert (tmp_path / "ended").read_text(encoding="utf-8") == "ended"


async def check_cache(served: servers.Served, token: str | None) -> int:
    """Ask twice the same; where the cache is chosen the tool ran once. Returns the calls."""
    if "count_primes" not in await _tools(served, token):
        return 0
    async with servers.client(served.transport(token)) as client:
        for _ in range(2):
            answer = await client.call_tool("count_primes", {"limit": 1000})
            assert answer.structured_content == {"result": 168}
    path = served.log.with_name("calls")
    assert path.read_text(encoding="utf-8").splitlines().count("count_primes") == 1
    return 2


async def _tools(served: servers.Served, token: str | None) -> set[str]:
    async with servers.client(served.transport(token)) as client:
        return {tool.name for tool in await client.list_tools()}


async def check_limit(served: servers.Served, token: str | None, limit: int) -> int:
    """Call until it is too much: then the answer says when to come back. Returns what passed."""
    done = 0
    with pytest.raises((McpError, ToolError)) as caught:
        async with servers.client(served.transport(token)) as client:
            for _ in range(limit + 1):
                await client.call_tool("echo", {"text": "again"})
                done += 1
    error: Any = caught.value
    assert error.error.code == -32000, error
    assert 0 < error.error.data["retry_after"] <= 3600
    return done


def check_address_limit(served: servers.Served) -> None:
    """Ask without an end: 429, and when to come back."""
    for _ in range(81):
        answer = served.post()
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 3600


@pytest.mark.parametrize("case", parameters(REQUIRING))
def test_missing_settings_are_one_clear_error(project: Project) -> None:
    """Started with nothing given, even without what `mcpforge new` wrote to `.env`."""
    values = project.base_environment | {
        setting.env: "" for setting in project.settings if setting.env in project.env_file
    }
    done = run([project.script], cwd=project.root, env=values, fine=(1,))
    assert done.stdout == ""
    head, *problems = done.stderr.splitlines()
    assert head == "Settings are missing or wrong:"
    named = {problem.split(":")[0].strip() for problem in problems}
    assert named == {setting.env for setting in project.settings if setting.required}


@pytest.mark.parametrize("case", parameters(LOOKING_UP))
def test_a_provider_that_does_not_answer_is_one_sentence(
    project: Project, values: dict[str, str], world: servers.Outside
) -> None:
    setting = next(item for item in project.settings if item.name.endswith("config_url"))
    values[setting.env] = "http://127.0.0.1:9/.well-known/openid-configuration"
    sign_in(project, values, world)
    command: Words = [project.script, "--transport", "http", "--port", str(servers.free_port())]
    done = run(command, cwd=project.root, env=values, fine=(1,))
    said = [line for line in done.stderr.splitlines() if "discovery document" in line]
    assert len(said) == 1
    assert setting.env in said[0]
    assert "Traceback" not in done.stderr

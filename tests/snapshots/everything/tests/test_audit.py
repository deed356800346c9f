"""The audit log."""

import json
import logging
from typing import Any, Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.exceptions import AuthorizationError, McpError, ToolError
from fastmcp.prompts import prompt
from fastmcp.resources import resource
from fastmcp.server.auth import AccessToken
from fastmcp.tools import ToolResult
from fastmcp.utilities.tests import ASGIServer
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser

SECRET = "hunter2-hunter2"


def crash(password: str) -> str:
    raise ValueError(password)


def deny(password: str) -> str:
    raise AuthorizationError(password)


def fail(password: str) -> ToolResult:
    return ToolResult(content=password, is_error=True)


def greet(password: str) -> str:
    return password


@prompt
def welcome(password: str) -> str:
    return password


@resource("vault://{password}")
def read_vault(password: str) -> str:
    return password


@resource("vault://all")
def read_all() -> str:
    return SECRET


@pytest.fixture
def server(server: FastMCP) -> FastMCP:
    """Add components that get and give secrets."""
    for function in (crash, deny, fail, greet):
        server.add_tool(function)
    server.add_resource(read_vault)
    server.add_resource(read_all)
    server.add_prompt(welcome)
    return server


@pytest.fixture(autouse=True)
def _level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def audited(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the audit records."""
    lines = [item for item in caplog.records if item.name.endswith(".middleware.audit")]
    assert all(SECRET not in item.getMessage() for item in lines)
    return [json.loads(item.getMessage()) for item in lines]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_who_did_what(
    server: FastMCP,
    caplog: pytest.LogCaptureFixture,
    mode: Literal["auto", "legacy"],
) -> None:
    token = AccessToken(token=SECRET, client_id="ci", scopes=[], subject="alice")
    reset = auth_context_var.set(AuthenticatedUser(token))
    try:
        async with Client(server, mode=mode) as client:
            await client.call_tool("greet", {"password": SECRET})
            await client.read_resource(f"vault://{SECRET}")
            await client.read_resource("vault://all")
            await client.get_prompt("welcome", {"password": SECRET})
    finally:
        auth_context_var.reset(reset)
    records = audited(caplog)
    assert [(item["method"], item["target"]) for item in records] == [
        ("tools/call", "greet"),
        ("resources/read", "vault://{password}"),
        ("resources/read", "vault://all"),
        ("prompts/get", "welcome"),
    ]
    assert {(item["subject"], item["client_id"]) for item in records} == {("alice", "ci")}
    assert {item["outcome"] for item in records} == {"ok"}


@pytest.mark.parametrize(
    ("tool", "outcome"),
    [("crash", "failed"), ("deny", "denied"), ("fail", "failed")],
)
async def test_how_it_ended(
    server: FastMCP,
    caplog: pytest.LogCaptureFixture,
    tool: str,
    outcome: str,
) -> None:
    async with Client(server) as client:
        with pytest.raises(ToolError):
            await client.call_tool(tool, {"password": SECRET})
    (record,) = audited(caplog)
    assert record["outcome"] == outcome


async def test_unknown_names_are_cut_and_unknown_resources_not_repeated(
    server: FastMCP,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Client(server) as client:
        with pytest.raises(ToolError):
            await client.call_tool("x\n" * 1000)
        with pytest.raises(McpError):
            await client.read_resource(f"nothing://{SECRET}")
    called, read = audited(caplog)
    assert len(called["target"]) == 100
    assert read["target"] == "unknown"


async def test_the_address_over_http(
    http: ASGIServer,
    token: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    transport = StreamableHttpTransport(http.url, auth=token, httpx_client_factory=http.http_client)
    async with Client(transport) as client:
        with pytest.raises(ToolError):
            await client.call_tool("nothing")
    (record,) = audited(caplog)
    assert record["address"] == "127.0.0.1"
    assert bool(record["client_id"]) == bool(token)


async def test_a_malformed_request_is_refused_and_recorded(
    http: ASGIServer,
    token: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 1}}
    async with http.http_client(headers=headers) as raw:
        answer = await raw.post("/mcp", json=request)
    assert '"code":-32602' in answer.text
    (record,) = audited(caplog)
    assert (record["target"], record["outcome"]) == ("unknown", "failed")

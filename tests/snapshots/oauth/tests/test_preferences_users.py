"""Preferences belong to the user who saved them."""

from fastmcp import FastMCP
from fastmcp.client import Client
from fastmcp.server.auth import AccessToken
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser


def sign_in(subject: str) -> None:
    scopes = ["admin", "read", "write"]
    token = AccessToken(token=subject, client_id="tests", scopes=scopes, subject=subject)
    auth_context_var.set(AuthenticatedUser(token))


async def test_users_have_their_own(server: FastMCP) -> None:
    async with Client(server) as client:
        sign_in("alice")
        await client.call_tool("save_preference", {"key": "units", "value": "metric"})
        sign_in("bob")
        found = await client.call_tool("get_preference", {"key": "units"})
        assert found.data == "not found"
        sign_in("alice")
        found = await client.call_tool("get_preference", {"key": "units"})
        assert found.data == "metric"

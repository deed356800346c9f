"""A real MCP client that signs in by OAuth, and a browser with a user before it."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
from fastmcp import Client
from fastmcp.client.auth import OAuth
from fastmcp.client.transports import StreamableHttpTransport
from mcp.client.auth import AuthorizationCodeResult

if TYPE_CHECKING:
    from real.fake_idp import IdentityProvider

FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@dataclass
class Browser:
    """Follows redirects with its cookies, and answers the consent page with a click."""

    idp: IdentityProvider
    action: str = "approve"
    consents: int = 0
    pages: list[str] = field(default_factory=list)

    async def visit(self, url: str, until: str) -> str:
        """Go where one is sent, from `url` to an address that begins with `until`; return that."""
        context = ssl.create_default_context(cafile=self.idp.authority)
        async with (
            httpx2.AsyncClient(trust_env=False) as near,
            httpx2.AsyncClient(proxy=self.idp.url, verify=context, trust_env=False) as far,
        ):
            while not url.startswith(until):
                assert len(self.pages) < 10, self.pages
                self.pages.append(url)
                known = near if urlsplit(url).hostname in ("127.0.0.1", "localhost") else far
                answer = await known.get(url)
                if answer.status_code == 200 and 'name="action"' in answer.text:
                    self.consents += 1
                    form = {**dict(FIELD.findall(answer.text)), "action": self.action}
                    answer = await known.post(url, data=form)
                assert answer.is_redirect, (url, answer.status_code, answer.text[:2000])
                url = urljoin(url, answer.headers["location"])
        return url


class SignIn(OAuth):
    """FastMCP's client, with that browser in place of the user's."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        """Let the browser do what the user would do."""
        super().__init__(**options)
        self.browser = browser
        self.came_back = ""

    async def redirect_handler(self, authorization_url: str) -> None:
        """Go there."""
        until = f"http://localhost:{self.redirect_port}/callback"
        self.came_back = await self.browser.visit(authorization_url, until)

    async def callback_handler(self) -> AuthorizationCodeResult:
        """Return what one came back with."""
        query = {key: value[0] for key, value in parse_qs(urlsplit(self.came_back).query).items()}
        if "error" in query:
            raise PermissionError(query["error"])
        return AuthorizationCodeResult(
            code=query["code"], state=query["state"], iss=query.get("iss")
        )

    @property
    def access_token(self) -> str:
        """The token that the client sends."""
        assert self.context.current_tokens
        return str(self.context.current_tokens.access_token)

    @property
    def refresh_token(self) -> str:
        """The token that gives the next one."""
        assert self.context.current_tokens
        assert self.context.current_tokens.refresh_token
        return str(self.context.current_tokens.refresh_token)


async def call(url: str, auth: OAuth | str) -> str:
    """Call a tool of the server and return its answer."""
    async with Client(StreamableHttpTransport(f"{url}/mcp", auth=auth), timeout=30) as client:
        result = await client.call_tool("echo", {"text": "signed in"})
        return str(result.data)

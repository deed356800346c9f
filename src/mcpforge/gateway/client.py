"""HTTP to the gateway: one place that sends its token, waits where it asks to, reads its pages."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from mcpforge.errors import GatewayError
from mcpforge.gateway.connections import advice, ask, opened
from mcpforge.gateway.models import (
    masked,
    parse_part,
    parse_registered,
    parse_team,
    parse_tool,
    parse_virtual,
    refuse_garbage,
)
from mcpforge.gateway.pacing import Pace
from mcpforge.gateway.refusals import StatusError, plain, refusal, why

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx2

    from mcpforge.gateway.access import Access
    from mcpforge.gateway.connections import Answer
    from mcpforge.gateway.models import Part, Registered, Request, Tool, VirtualServer

CONNECT_SECONDS = 5.0
# The gateway itself gives up on a silent server after 30 s, so it gets more than that.
READ_SECONDS = 60.0
LONGEST_WAIT = 65
_MOST_PAGES = 1_000
_LONG_SECRET = 16
_MANY, _MISSING, _SUCCESS, _REDIRECT, _ERROR = 429, 404, 200, 300, 400
_LEGACY, _VERSIONED = "", "/v1"
_AGAIN = "Run the command again: it finds what is done and does the rest."
_ALL = {"limit": "0", "include_inactive": "true", "include_pagination": "true"}
_T = TypeVar("_T")


class Gateway:
    """A ContextForge. Threads may share one; `waiting` is told when it asks for patience."""

    def __init__(self, access: Access, *, waiting: Callable[[str], None] | None = None) -> None:
        """Keep who is asked and as whom; nothing is sent."""
        self.url = access.url
        self.access = access
        self._pace = Pace(waiting or (lambda _text: None))
        self._prefix = _VERSIONED
        self._client: httpx2.Client | None = None
        self._lock = threading.Lock()
        self._secrets = {access.token.reveal()} if access.token else set()

    def __enter__(self) -> Gateway:
        """Open it for some requests."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        if self._client:
            self._client.close()
            self._client = None

    def stop(self) -> None:
        """Send nothing any more: whatever still waits for its turn raises `GatewayError`."""
        self._pace.stop()

    def keep_secret(self, *texts: str) -> None:
        """Never show these texts, should the gateway send them back."""
        self._secrets.update(texts)

    def said(self, what: object) -> str:
        """Return something of an answer as a person may read it."""
        return plain(str(what or ""), self._secrets)

    def shown(self, request: Request) -> dict[str, Any]:
        """Return a request as data, without its secrets."""
        return request.shown(list(self._secrets))

    def servers(self) -> list[Registered]:
        """Return all servers that are registered, those switched off too."""
        return self._list("gateways", parse_registered, "list the servers")

    def tools(self, server: str = "") -> list[Tool]:
        """Return all tools, or those of one server by its id."""
        query = {"gateway_id": server} if server else {}
        return self._list("tools", parse_tool, "list the tools", query)

    def resources(self) -> list[Part]:
        """Return all resources."""
        return self._list("resources", parse_part, "list the resources")

    def prompts(self) -> list[Part]:
        """Return all prompts."""
        return self._list("prompts", parse_part, "list the prompts")

    def virtual_servers(self) -> list[VirtualServer]:
        """Return all virtual servers, those switched off too."""
        return self._list("servers", parse_virtual, "list the virtual servers")

    def team(self, wanted: str) -> str:
        """Return the id of a team by its id, name or slug; raises `GatewayError` for none."""
        # Unlike the other lists this one has no "all", and a slash at its end.
        teams = self._list("teams", parse_team, "list the teams", {"limit": "100"}, end="/")
        found = [team for team in teams if wanted in (team.id, team.name, team.slug)]
        if len(found) == 1:
            return found[0].id
        names = ", ".join(f"`{plain(team.name)}` ({plain(team.slug)})" for team in found or teams)
        raise GatewayError(
            f"Several teams are called `{wanted}`"
            if found
            else f"There is no team `{wanted}` on the gateway, or not for this token",
            hint=f"Teams: {names or 'none'}.",
            code="gateway_team",
        )

    def server(self, identifier: str) -> Registered:
        """Return one server by its id."""
        return self.read(parse_registered, self.get(f"/gateways/{identifier}", "read a server"))

    def read(self, parse: Callable[[Mapping[str, Any]], _T], raw: Any, changing: str = "") -> _T:
        """Return what an answer describes; raises `GatewayError` where it has another shape.

        `changing` says what was asked for, where that may be done by now.
        """
        try:
            return parse(raw)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise refuse_garbage(f"`{self.url}`", changing) from None

    def get(self, path: str, doing: str, query: Mapping[str, str] | None = None) -> Any:
        """Return the body of the answer to a question."""
        return self._send("GET", path, None, doing, query)

    def send(self, request: Request, doing: str) -> Any:
        """Send a request and return the body of the answer; raises `GatewayError`."""
        return self._send(request.method, request.path, request.body, doing)

    def _list(
        self,
        kind: str,
        parse: Callable[[Mapping[str, Any]], _T],
        doing: str,
        query: Mapping[str, str] | None = None,
        *,
        end: str = "",
    ) -> list[_T]:
        found: list[_T] = []
        asked = {**_ALL, **(query or {})}
        for _ in range(_MOST_PAGES):
            raw = self._first_list(f"/{kind}{end}", doing, asked)
            items = raw.get(kind) if isinstance(raw, dict) else raw
            if not isinstance(items, list):
                raise refuse_garbage(f"`{self.url}`")
            found += [self.read(parse, item) for item in items]
            cursor = raw.get("nextCursor") if isinstance(raw, dict) else None
            if not cursor:
                return found
            if asked.get("cursor") == str(cursor):
                break
            asked["cursor"] = str(cursor)
        raise refuse_garbage(f"`{self.url}`")

    def _first_list(self, path: str, doing: str, query: Mapping[str, str]) -> Any:
        """Ask by the versioned path; gateways before 1.0.5 have only the bare one."""
        try:
            return self.get(path, doing, query)
        except StatusError as error:
            if error.status != _MISSING or self._prefix == _LEGACY:
                raise
            self._prefix = _LEGACY
            return self.get(path, doing, query)

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        doing: str,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        for attempt in (1, 2):
            self._pace.hold()
            answer = self._once(method, f"{self.url}{self._prefix}{path}", body, doing, query)
            seconds = self._pace.note(answer.headers)
            if answer.status != _MANY or attempt > 1 or seconds > LONGEST_WAIT:
                return self._body(answer, method, doing, seconds)
            self._pace.pause(seconds)
        raise AssertionError  # the second attempt returned or raised

    def _once(
        self, method: str, url: str, body: Any, doing: str, query: Mapping[str, str] | None
    ) -> Answer:
        import httpx2

        try:
            client = self._opened()
            answer = ask(client, method, url, body, query)
            if _REDIRECT <= answer.status < _ERROR and answer.headers.get("location"):
                url = self._followed(url, answer.headers["location"])
                answer = ask(client, method, url, body)
        except httpx2.TimeoutException as error:
            raise self._late(error, method, doing) from None
        except (httpx2.ConnectError, httpx2.InvalidURL) as error:
            raise self._down(error) from None
        except (httpx2.HTTPError, OSError) as error:
            raise self._lost(error, method, doing) from None
        finally:
            self._pace.landed()
        return answer

    def _opened(self) -> httpx2.Client:
        import httpx2

        with self._lock:
            if self._client is None:
                headers = {"Accept": "application/json"}
                token = self.access.token
                if token:
                    headers["Authorization"] = f"Bearer {token.reveal()}"
                self._client = opened(
                    httpx2.Client,
                    self.url,
                    headers=headers,
                    timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                    follow_redirects=False,
                )
            return self._client

    def _followed(self, url: str, location: str) -> str:
        """Return where a redirect leads, if that is the same gateway."""
        try:
            target = urljoin(url, location)
            parts = urlsplit(target)
        except ValueError:
            raise refuse_garbage(f"`{self.url}`") from None
        if parts[:2] == urlsplit(url)[:2]:
            return target
        where = plain(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
        raise GatewayError(
            f"`{self.url}` redirects to `{where}`: the token is not sent there",
            hint="Name the gateway's own address by `--gateway`, if you trust that one.",
            code="gateway_redirect",
        )

    def _late(self, error: Exception, method: str, doing: str) -> GatewayError:
        import httpx2

        if isinstance(error, httpx2.ConnectTimeout):
            return self._down(error)
        left = "" if method == "GET" else "; it may be doing so all the same"
        return GatewayError(
            f"The gateway did not {doing} within {READ_SECONDS:.0f} s{left}",
            hint=_AGAIN,
            code="gateway_slow",
        )

    def _lost(self, error: Exception, method: str, doing: str) -> GatewayError:
        if method == "GET":
            return self._down(error)
        reason = why(error, self._secrets)
        return GatewayError(
            f"The connection ended while the gateway was to {doing}: {reason}; it may have done "
            "so all the same",
            hint=_AGAIN,
            code="gateway_lost",
        )

    def _down(self, error: Exception) -> GatewayError:
        reason = why(error, self._secrets)
        return GatewayError(
            f"The gateway does not answer at `{self.url}`: {reason}",
            hint=advice(self.url, error)
            or "Start one with `mcpforge gateway start`, or name yours by `--gateway URL`.",
            code="gateway_down",
        )

    def _body(self, answer: Answer, method: str, doing: str, seconds: int) -> Any:
        try:
            body = json.loads(answer.content) if answer.content else {}
            readable = True
        except (ValueError, RecursionError):
            body, readable = None, False
        if not _SUCCESS <= answer.status < _REDIRECT:
            token = self.access.token is not None
            body = masked(body, self._secrets)
            raise refusal(answer.status, body, doing, seconds=seconds, token=token)
        if not readable:
            raise refuse_garbage(f"`{self.url}`", doing if method != "GET" else "")
        # A shorter secret could be a part of names and ids, which have to stay as they are.
        return masked(body, [one for one in self._secrets if len(one) >= _LONG_SECRET])

"""What is sent to the gateway and what comes back, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcpforge.errors import GatewayError
from mcpforge.gateway.refusals import hide, plain, visible
from mcpforge.gateway.rules import slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TRANSPORT = "STREAMABLEHTTP"
HIDDEN = "*****"


class Secret:
    """A text that shows itself to nobody who doesn't ask for it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        """Return stars."""
        return HIDDEN

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        """Say whether the texts are the same."""
        return isinstance(other, Secret) and other.reveal() == self._text

    def __hash__(self) -> int:
        """Return a hash of the text."""
        return hash(self._text)


@dataclass(frozen=True, slots=True)
class Credential:
    """What the gateway shows to a server: a bearer token, a header, or OAuth client credentials."""

    token: Secret | None = None
    header: str = ""
    oauth: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def kind(self) -> str:
        """How the gateway calls it."""
        return "oauth" if self.oauth else "authheaders" if self.header else "bearer"

    def fields(self) -> dict[str, Any]:
        """Return the fields of a request, with the secret in them."""
        if self.oauth:
            return {"auth_type": self.kind, "oauth_config": dict(self.oauth)}
        value = self.token.reveal() if self.token else ""
        if self.header:
            return {
                "auth_type": self.kind,
                "auth_headers": [{"key": self.header, "value": value}],
            }
        return {"auth_type": self.kind, "auth_token": value}

    def headers(self) -> dict[str, str]:
        """Return the headers that a client of the server sends, with the secret in them."""
        if not self.token:
            return {}
        if self.header:
            return {self.header: self.token.reveal()}
        return {"Authorization": f"Bearer {self.token.reveal()}"}

    def secrets(self) -> list[str]:
        """Return the texts that must never be shown."""
        found = [str(self.oauth[key]) for key in ("client_secret", "password") if key in self.oauth]
        return [*found, self.token.reveal()] if self.token else found


@dataclass(frozen=True, slots=True)
class Request:
    """A request that changes something: shown in plans with the secrets hidden."""

    method: str
    path: str
    body: Mapping[str, Any] | None = field(default=None, repr=False)

    def shown(self, secrets: list[str]) -> dict[str, Any]:
        """Return the request as data, without its secrets."""
        import json

        found: dict[str, Any] = {"method": self.method, "path": f"/v1{self.path}"}
        if self.body is not None:
            found["body"] = masked(json.loads(json.dumps(self.body)), secrets)
        return found


def masked(value: Any, secrets: Iterable[str]) -> Any:
    """Return data with every secret in its texts made unreadable."""
    if isinstance(value, dict):
        return {key: masked(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, secrets) for item in value]
    return hide(value, secrets) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Desired:
    """How a server is to be registered; what is None is left to the gateway as it is."""

    name: str
    url: str
    description: str | None = None
    tags: tuple[str, ...] | None = None
    visibility: str | None = None
    team: str | None = None
    credential: Credential | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """A server as the gateway has it."""

    id: str
    name: str
    slug: str
    url: str
    description: str
    tags: tuple[str, ...]
    visibility: str
    team: str
    transport: str
    enabled: bool
    reachable: bool
    auth: str
    status: str
    skipped: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the gateway has it; `original` is its name at its own server."""

    id: str
    name: str
    original: str
    server: str
    description: str
    schema: Mapping[str, Any]
    enabled: bool = True
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A resource or a prompt as the gateway has it; `original` is its URI or its own name."""

    id: str
    original: str
    server: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """A team of the gateway's users."""

    id: str
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class VirtualServer:
    """A virtual server as the gateway has it, with the ids of what it is made of."""

    id: str
    name: str
    description: str
    tags: tuple[str, ...]
    tools: frozenset[str]
    resources: frozenset[str]
    prompts: frozenset[str]
    visibility: str
    team: str
    enabled: bool


def parse_registered(raw: Mapping[str, Any]) -> Registered:
    """Return the server that an answer of the gateway describes."""
    return Registered(
        id=_id(raw),
        name=_name(raw),
        slug=str(raw.get("slug") or slug(_name(raw))),
        url=str(raw["url"]),
        description=str(raw.get("description") or ""),
        tags=parse_tags(raw),
        visibility=str(raw.get("visibility") or "public"),
        team=str(raw.get("teamId") or ""),
        transport=str(raw.get("transport") or ""),
        enabled=_on(raw, "enabled"),
        reachable=_on(raw, "reachable"),
        auth=str(raw.get("authType") or ""),
        status=str(raw.get("status") or "active"),
        skipped=tuple(plain(str(item)) for item in raw.get("skippedTools") or ()),
        trouble=plain(str(raw.get("lastError") or "")),
    )


def parse_tool(raw: Mapping[str, Any]) -> Tool:
    """Return the tool that an answer of the gateway describes."""
    return Tool(
        id=_id(raw),
        name=_name(raw),
        original=visible(str(raw.get("originalName") or raw["name"])),
        server=str(raw.get("gatewayId") or ""),
        description=str(raw.get("description") or ""),
        schema=raw.get("inputSchema") or {},
        enabled=_on(raw, "enabled"),
        read_only=bool((raw.get("annotations") or {}).get("readOnlyHint", False)),
    )


def parse_part(raw: Mapping[str, Any]) -> Part:
    """Return the resource or prompt that an answer of the gateway describes."""
    own = raw.get("uri") or raw.get("originalName") or raw["name"]
    return Part(_id(raw), str(own), str(raw.get("gatewayId") or ""), _name(raw))


def parse_team(raw: Mapping[str, Any]) -> Team:
    """Return the team that an answer of the gateway describes."""
    return Team(_id(raw), _name(raw), str(raw.get("slug") or ""))


def parse_virtual(raw: Mapping[str, Any]) -> VirtualServer:
    """Return the virtual server that an answer of the gateway describes."""
    return VirtualServer(
        id=_id(raw),
        name=_name(raw),
        description=str(raw.get("description") or ""),
        tags=parse_tags(raw),
        tools=frozenset(map(str, raw.get("associatedToolIds") or ())),
        resources=frozenset(map(str, raw.get("associatedResources") or ())),
        prompts=frozenset(map(str, raw.get("associatedPrompts") or ())),
        visibility=str(raw.get("visibility") or "public"),
        team=str(raw.get("teamId") or ""),
        enabled=_on(raw, "enabled"),
    )


def _id(raw: Mapping[str, Any]) -> str:
    found = raw["id"]
    if isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
        raise ValueError("no id")
    return str(found)


def _name(raw: Mapping[str, Any]) -> str:
    """Return a name as it can be shown: those of a gateway have visible characters only."""
    return visible(str(raw["name"]))


def _on(raw: Mapping[str, Any], what: str) -> bool:
    return raw.get(what) is not False  # a gateway that doesn't say has no such switch


def parse_tags(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of the tags, which are texts or objects with an id."""
    tags = raw.get("tags") or ()
    found = (tag.get("id") or tag.get("label") if isinstance(tag, dict) else tag for tag in tags)
    return tuple(sorted(str(tag) for tag in found))


def refuse_garbage(what: str, changing: str = "") -> GatewayError:
    """Return the error for an answer that has another shape than a ContextForge gives.

    `changing` says what was asked for, where that may be done all the same.
    """
    asked = f" when it was to {changing}; it may have done so all the same" if changing else ""
    return GatewayError(
        f"{what} answered with something that no ContextForge says{asked}",
        hint="Is this the address of a gateway? Look with `curl URL/health`.",
        code="gateway_answer",
    )

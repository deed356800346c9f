"""What is sent to the gateway and what comes back, as values; and the gateway's rules for names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcpforge.errors import GatewayError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

VISIBILITIES = ("private", "team", "public")
TRANSPORT = "STREAMABLEHTTP"
HIDDEN = "*****"
MOST_DESCRIPTION = 8_192
_NAME = re.compile(r"[a-zA-Z0-9_.\- ]{1,255}")
_TAG = re.compile(r"[a-z0-9](?:[a-z0-9\-:.]{0,98}[a-z0-9])")
_TOOL = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._/-]{0,127}")
_MARKUP = re.compile(
    r"</*(script|iframe|object|embed|link|meta|base|form|img|svg|video|audio|source|track|area|map"
    r"|canvas|applet|frame|frameset|html|head|body|style)\b",
    re.IGNORECASE,
)
_FORBIDDEN_IN_TOOLS = ("&&", "||", "$(")


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
        id=str(raw["id"]),
        name=str(raw["name"]),
        slug=str(raw.get("slug") or slug(str(raw["name"]))),
        url=str(raw["url"]),
        description=str(raw.get("description") or ""),
        tags=parse_tags(raw),
        visibility=str(raw.get("visibility") or "public"),
        team=str(raw.get("teamId") or ""),
        transport=str(raw.get("transport") or ""),
        enabled=bool(raw.get("enabled", True)),
        reachable=bool(raw.get("reachable", True)),
        auth=str(raw.get("authType") or ""),
        status=str(raw.get("status") or "active"),
        skipped=tuple(str(item) for item in raw.get("skippedTools") or ()),
        trouble=str(raw.get("lastError") or ""),
    )


def parse_tool(raw: Mapping[str, Any]) -> Tool:
    """Return the tool that an answer of the gateway describes."""
    return Tool(
        id=str(raw["id"]),
        name=str(raw["name"]),
        original=str(raw.get("originalName") or raw["name"]),
        server=str(raw.get("gatewayId") or ""),
        description=str(raw.get("description") or ""),
        schema=raw.get("inputSchema") or {},
        enabled=bool(raw.get("enabled", True)),
        read_only=bool((raw.get("annotations") or {}).get("readOnlyHint", False)),
    )


def parse_part(raw: Mapping[str, Any]) -> Part:
    """Return the resource or prompt that an answer of the gateway describes."""
    own = raw.get("uri") or raw.get("originalName") or raw["name"]
    return Part(str(raw["id"]), str(own), str(raw.get("gatewayId") or ""), str(raw["name"]))


def parse_virtual(raw: Mapping[str, Any]) -> VirtualServer:
    """Return the virtual server that an answer of the gateway describes."""
    return VirtualServer(
        id=str(raw["id"]),
        name=str(raw["name"]),
        description=str(raw.get("description") or ""),
        tags=parse_tags(raw),
        tools=frozenset(map(str, raw.get("associatedToolIds") or ())),
        resources=frozenset(map(str, raw.get("associatedResources") or ())),
        prompts=frozenset(map(str, raw.get("associatedPrompts") or ())),
        visibility=str(raw.get("visibility") or "public"),
        team=str(raw.get("teamId") or ""),
        enabled=bool(raw.get("enabled", True)),
    )


def parse_tags(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of the tags, which are texts or objects with an id."""
    tags = raw.get("tags") or ()
    found = (tag.get("id") or tag.get("label") if isinstance(tag, dict) else tag for tag in tags)
    return tuple(sorted(str(tag) for tag in found))


def slug(name: str) -> str:
    """Return a name as the gateway puts it before the names of tools."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def same_url(one: str, other: str) -> bool:
    """Say whether two URLs are one to the gateway, which writes 127.0.0.1 as localhost."""
    return _as_stored(one) == _as_stored(other)


def _as_stored(url: str) -> str:
    return re.sub(r"^(\w+://)(127\.0\.0\.1|\[::1\])(?=[:/]|$)", r"\1localhost", url)


def check_name(name: str) -> str:
    """Return a name that the gateway takes; raises `UsageError` for any other."""
    if not _NAME.fullmatch(name) or not slug(name):
        raise UsageError(
            f"`{name}` can't be a name on the gateway",
            hint="It takes letters, digits, spaces and `_ . -`, at most 255, one a letter or digit.",
            code="gateway_name",
        )
    return name


def check_tags(tags: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Return tags as the gateway stores them; raises `UsageError` for one it would drop."""
    found = set()
    for tag in tags:
        normal = re.sub(r"[\s_]+", "-", tag.strip().lower())
        if not _TAG.fullmatch(normal):
            raise UsageError(
                f"`{tag}` can't be a tag: the gateway would drop it without a word",
                hint="Tags have 2 to 100 letters, digits and `- : .`, a letter or digit at the ends.",
                code="gateway_tag",
            )
        found.add(normal)
    return tuple(sorted(found))


def check_description(text: str) -> str:
    """Return a description; raises `UsageError` for one that the gateway refuses."""
    match = _MARKUP.search(text)
    if match:
        raise UsageError(
            f"The description holds `{match[0]}`, and the gateway refuses HTML",
            hint="Change it: `mcpforge set description='...'`.",
            code="gateway_description",
        )
    return text[:MOST_DESCRIPTION]


def check_visibility(visibility: str) -> str:
    """Return one of the visibilities; raises `UsageError` for any other."""
    if visibility not in VISIBILITIES:
        raise UsageError(
            f"`--visibility` can't be `{visibility}`",
            hint=f"Choose one of: {', '.join(VISIBILITIES)}.",
        )
    return visibility


def why_dropped(name: str, description: str) -> str:
    """Return why the gateway would leave a tool out, or nothing."""
    if not _TOOL.fullmatch(name):
        return "its name has other characters than letters, digits and `_ . / -`, or more than 128"
    for pattern in _FORBIDDEN_IN_TOOLS:
        if pattern in description:
            return f"its description holds `{pattern}`"
    match = _MARKUP.search(description)
    return f"its description holds `{match[0]}`" if match else ""


def refuse_garbage(what: str) -> GatewayError:
    """Return the error for an answer that has another shape than a ContextForge gives."""
    return GatewayError(
        f"{what} answered with something that no ContextForge says",
        hint="Is this the address of a gateway? Look with `curl URL/health`.",
        code="gateway_answer",
    )

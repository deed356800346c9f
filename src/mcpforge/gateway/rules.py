"""The gateway's rules for names, tags, URLs and descriptions, told before it refuses or drops."""

from __future__ import annotations

import re

from mcpforge.errors import UsageError

VISIBILITIES = ("private", "team", "public")
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
            hint="It has letters, digits, spaces and `_ . -`, at most 255.",
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
                hint="A tag has 2 to 100 letters, digits and `- : .`, the latter not at its ends.",
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

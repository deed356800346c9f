"""URIs of resources and templates of them: those that clients read back as they are written."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from mcpforge.errors import UsageError

URI_LENGTH = 200
MOST_PARAMETERS = 5  # as many as ruff lets a function have
# Their host is normalised, and a path is put behind it: https://url.spec.whatwg.org/#special-scheme
SPECIAL_SCHEMES = frozenset({"file", "ftp", "http", "https", "ws", "wss"})

_URI = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<path>[^?]*?)(?P<query>\{\?[^}]*\})?")
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]*(?:\{(?P<name>[^{}]*?)(?P<many>\*?)\})?[A-Za-z0-9._~-]*")
_PLACEHOLDER = re.compile(r"\{([^{}*]*)(\*?)\}")
_QUERY = re.compile(r"\{\?[^}]*\}")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,29}")
_HOST = re.compile(r"[a-z0-9.-]+")
_HINT = "For example `notes://{topic}/{page*}{?limit}`: names in braces become parameters."


@dataclass(frozen=True, slots=True)
class Parameter:
    """A placeholder of a template; `sample` is what a test puts there."""

    name: str
    sample: str
    optional: bool = False

    @property
    def annotation(self) -> str:
        """How the function declares it: an optional one has a default."""
        return "str | None = None" if self.optional else "str"


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI or URI template. `shape` is equal for two that no request could tell apart.

    A template's `pattern` is a regular expression of the URIs that it takes, else it is empty.
    """

    text: str
    parameters: tuple[Parameter, ...]
    sample: str
    shape: str
    pattern: str = ""


def default_uri(package: str, name: str) -> str:
    """Return the URI of a resource that was given none."""
    scheme = package.replace("_", "-")
    return f"{scheme}-server://{name}" if scheme in SPECIAL_SCHEMES else f"{scheme}://{name}"


def parse_uri(text: str) -> Uri:
    """Return what a URI says.

    Raises `UsageError` for one that clients would not read back as written.
    """
    found = _URI.fullmatch(text)
    if not found:
        raise _bad(text, "it must be SCHEME://PATH in lower case, with `{?…}` only at its end")
    if len(text) > URI_LENGTH:
        raise _bad(text, f"it is longer than {URI_LENGTH} characters")
    segments = found["path"].split("/")
    parameters = [item for segment in segments if (item := _in_path(text, segment))]
    if found["path"].count("*}") > 1:
        raise _bad(text, "only one placeholder can take many segments")
    if found["scheme"] in SPECIAL_SCHEMES:
        _check_special(text, found["scheme"], segments)
    query = found["query"][2:-1].split(",") if found["query"] else []
    options = [Parameter(_checked(text, name), f"some-{name}", optional=True) for name in query]
    parameters += options
    if len(parameters) > MOST_PARAMETERS:
        raise _bad(text, f"it has more than {MOST_PARAMETERS} placeholders")
    names = [item.name for item in parameters]
    if len(set(names)) < len(names):
        raise _bad(text, "a placeholder stands in it twice")
    sample = _PLACEHOLDER.sub(lambda hit: _sample(hit[1], hit[2]), found["path"])
    asked = "&".join(f"{item.name}={item.sample}" for item in options)
    return Uri(
        text=text,
        parameters=tuple(parameters),
        sample=f"{found['scheme']}://{sample}{'?' if asked else ''}{asked}",
        shape=_shape(text),
        pattern=_pattern(text) if parameters else "",
    )


def _shape(text: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", _QUERY.sub("", text))


def _pattern(text: str) -> str:
    parts = _PLACEHOLDER.split(_QUERY.sub("", text))
    ways = {"": "[^/?]+", "*": "[^?]+"}
    literals = [re.escape(part) for part in parts[::3]]
    found = [ways[many] for many in parts[2::3]]
    pairs = zip(literals, [*found, ""], strict=True)
    return "".join(literal + way for literal, way in pairs) + r"(?:\?.*)?"


def _in_path(text: str, segment: str) -> Parameter | None:
    found = _SEGMENT.fullmatch(segment)
    if not found or segment in (".", ".."):
        raise _bad(text, f"`{segment}` is no part of a path with at most one placeholder")
    if found["name"] is None:
        return None
    if found["many"] and segment != f"{{{found['name']}*}}":
        raise _bad(text, f"`{{{found['name']}*}}` must stand alone between slashes")
    name = _checked(text, found["name"])
    return Parameter(name, _sample(name, found["many"]))


def _sample(name: str, many: str) -> str:
    return f"some/{name}" if many else f"some-{name}"


def _checked(text: str, name: str) -> str:
    if not _PARAMETER.fullmatch(name) or keyword.iskeyword(name):
        raise _bad(text, f"`{name}` can't be the name of a parameter")
    return name


def _check_special(text: str, scheme: str, segments: list[str]) -> None:
    host = segments[0]
    named = _HOST.fullmatch(host) or (scheme == "file" and not host)
    if not named or len(segments) == 1:
        raise _bad(text, f"`{scheme}` needs a host in lower case, then a path")


def _bad(text: str, reason: str) -> UsageError:
    return UsageError(f"`{text}` is no URI for a resource: {reason}", hint=_HINT, code="bad_uri")

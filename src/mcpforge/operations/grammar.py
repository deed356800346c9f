"""The words of `add` and `remove`: features, groups, and components of the user's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mcpforge.errors import UsageError, did_you_mean
from mcpforge.operations.choices import default_member, expand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.catalog.catalog import Catalog

KINDS = ("tool", "prompt", "resource", "middleware", "route")
# Kinds whose features and components are told apart by name: kind → group.
_SHARED = {"middleware": "middleware", "route": "routes"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the words ask for; `skeleton` is a kind that was named alone."""

    features: tuple[str, ...] = ()
    components: tuple[tuple[str, str], ...] = field(default=())
    skeleton: str = ""


def read_words(
    words: Sequence[str],
    catalog: Catalog,
    *,
    verb: str,
    custom: bool = False,
    present: Sequence[tuple[str, str]] = (),
) -> Wish:
    """Return what `mcpforge add WORD…` or `mcpforge remove WORD…` means.

    `custom` says that a name is never a feature's; `present` are the components that the project
    has, as kind and name. Raises `UsageError` with the nearest name for what is unknown.
    """
    if not words:
        raise UsageError(
            f"`mcpforge {verb}` needs to know what",
            hint=f"For example `mcpforge {verb} caching` or `mcpforge {verb} tool forecast`.",
        )
    first, rest = words[0], list(words[1:])
    if first == "feature":
        return Wish(tuple(catalog.feature(word).id for word in rest or _nothing("feature", verb)))
    if first in _SHARED and first not in catalog.features:
        return _shared(first, rest, catalog, verb=verb, custom=custom, present=present)
    if first in KINDS:
        return Wish(components=tuple((first, name) for name in rest or _nothing(first, verb)))
    if first in catalog.groups and first not in catalog.features:
        return _group(first, rest, catalog, verb)
    return Wish(tuple(expand(catalog, words)))


def _nothing(kind: str, verb: str) -> list[str]:
    raise UsageError(
        f"Which {kind}?", hint=f"For example `mcpforge {verb} {kind} {_example(kind)}`."
    )


def _example(kind: str) -> str:
    return "ID" if kind == "feature" else "forecast"


def _shared(
    kind: str,
    rest: Sequence[str],
    catalog: Catalog,
    *,
    verb: str,
    custom: bool,
    present: Sequence[tuple[str, str]],
) -> Wish:
    group = _SHARED[kind]
    if not rest:
        return (
            Wish(skeleton=kind)
            if kind == group
            else Wish(components=((kind, _nothing(kind, verb)[0]),))
        )
    members = [member.id for member in catalog.members(group)]
    features: list[str] = []
    components: list[tuple[str, str]] = []
    for word in rest:
        if custom or (kind, word.replace("-", "_")) in present:
            components.append((kind, word))
        elif word in members:
            features.append(word)
        elif near := did_you_mean(word.replace("_", "-"), members):
            raise UsageError(
                f"`{word}` is no feature of the group `{group}`, but close to one",
                hint=f"{near}For a {kind} of your own: `mcpforge {verb} {kind} --custom {word}`.",
                code="unknown_feature",
            )
        else:
            components.append((kind, word))
    return Wish(tuple(features), tuple(components))


def _group(group: str, rest: Sequence[str], catalog: Catalog, verb: str) -> Wish:
    if rest:
        return Wish(tuple(expand(catalog, [f"{group}={word}" for word in rest])))
    if verb == "remove":
        return Wish(tuple(member.id for member in catalog.members(group)))
    return Wish((default_member(catalog, group),))

"""Requirements by package name: whose stays, what it must still allow, which extras it gains."""

from __future__ import annotations

import re

_PARTS = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")


def name(text: str) -> str:
    """Return the normalised package name of a requirement, or nothing for another string."""
    from mcpforge.merge.checks import requirement_name

    return requirement_name(text)


def extras(text: str) -> set[str]:
    """Return the extras that a requirement asks for."""
    found = _PARTS.match(text)
    return (
        {part.strip() for part in (found[2] or "").split(",") if part.strip()} if found else set()
    )


def with_extras(text: str, more: set[str]) -> str:
    """Return the requirement as it is written, with these extras too."""
    found = _PARTS.match(text)
    if found is None or more <= extras(text):
        return text
    names = ",".join(sorted(extras(text) | more))
    return f"{found[1]}[{names}]{text[found.end() :]}"


def excludes(one: str, two: str) -> bool:
    """Say whether no version fits both requirements, as far as the versions they name tell."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import InvalidVersion, Version

    try:
        mine, other = Requirement(one), Requirement(two)
    except InvalidRequirement:
        return False
    named = []
    for specifier in (*mine.specifier, *other.specifier):
        try:
            version = Version(specifier.version.removesuffix(".*"))
        except InvalidVersion:
            return False
        release = version.release
        named += [version, Version(".".join(map(str, (*release, *[0] * (3 - len(release)), 1))))]
        named.append(Version(".".join(map(str, (*release[:-1], max(release[-1] - 1, 0), 99999)))))
    both = mine.specifier & other.specifier
    return bool(named) and not any(both.contains(version, prereleases=True) for version in named)

"""The answers that a project is a function of, and the rules for its names."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mcpforge.characters import CONTROL
from mcpforge.errors import UsageError
from mcpforge.taken import COMMANDS, MODULES, PASSED_OVER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LICENSES = ("MIT", "Apache-2.0", "BSD-3-Clause", "none")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
NAME_LENGTH = 40
COMPONENT_LENGTH = 30
TEXT_LENGTH = 2_000
FIRST_YEAR, LAST_YEAR = 1900, 9999

OptionValue = bool | int | float | str | tuple[str, ...]

# The grammar of names in https://peps.python.org/pep-0508/#names
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
# Variables with these beginnings already mean something to a program on the way.
_TAKEN_PREFIXES = (
    "AWS",
    "DOCKER",
    "FASTMCP",
    "GIT",
    "LC",
    "MCPFORGE",
    "OTEL",
    "PIP",
    "PYTHON",
    "UV",
)
_COMPONENT = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
# What the modules and tests of components import, or ask for as a fixture.
_TAKEN_BY_COMPONENTS = frozenset(
    (
        *("client", "conftest", "environment", "fastmcp", "http", "mcp", "prompt", "pydantic"),
        *("pytest", "resource", "server", "settings", "starlette", "token", "tool"),
    )
)


@dataclass(frozen=True, slots=True)
class Component:
    """One component of the user's own: `add tool NAME`."""

    kind: str
    name: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything `render` may depend on. `features` holds explicit choices only."""

    name: str
    title: str = ""
    description: str = ""
    author: str = ""
    license: str = "MIT"
    python: str = "3.11"
    year: int = 2026
    features: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, OptionValue]] = field(default_factory=dict)
    components: tuple[Component, ...] = ()

    @property
    def package(self) -> str:
        """The name that Python imports: the normalised name with underscores."""
        return package_name(self.name)

    @property
    def env_prefix(self) -> str:
        """The beginning of the project's environment variables, with its underscore."""
        return environment_prefix(self.package)


def package_name(name: str) -> str:
    """Return the import name of a project (PEP 503 normalised, `_` for `-`)."""
    return re.sub(r"[-_.]+", "_", name).lower()


def environment_prefix(package: str) -> str:
    """Return `PACKAGE_`, or `APP_PACKAGE_` where another program reads variables so called."""
    upper = package.upper()
    taken = any(upper == name or upper.startswith(f"{name}_") for name in _TAKEN_PREFIXES)
    return f"APP_{upper}_" if taken else f"{upper}_"


def default_title(name: str) -> str:
    """Return a title for people made of the project's name."""
    words = [word for word in re.split(r"[-_.]+", name) if word]
    return " ".join(word[:1].upper() + word[1:] for word in words)


def check_name(name: str, taken: Collection[str] = ()) -> str:
    """Return the name if a project may be called so.

    Raises `UsageError` for what is no name by PEP 508, is longer than 40 characters, gives no
    importable package, or hides a module of Python or of a dependency.
    """
    if not name:
        raise UsageError("A project needs a name", hint="Give one: `mcpforge new my-server`.")
    if not name.isascii() or not _NAME.fullmatch(name):
        raise UsageError(
            f"`{name}` is no name for a project: letters, digits, `-`, `_` and `.`, with a letter "
            "or digit at both ends",
            hint=_suggest(name, taken),
        )
    if len(name) > NAME_LENGTH:
        raise UsageError(
            f"The name `{name}` has {len(name)} characters, at most {NAME_LENGTH} are allowed",
            hint=_suggest(name, taken),
        )
    if reason := _reason(name, taken):
        raise UsageError(reason, hint=_suggest(name, taken))
    return name


def _reason(name: str, taken: Collection[str]) -> str:
    """Return why a project can't be called so though it is a name, or nothing."""
    package = package_name(name)
    if not package.isidentifier():
        return f"`{name}` would give the package `{package}`, which Python can't import"
    if keyword.iskeyword(package):
        return f"`{package}` is a keyword of Python"
    if package in PASSED_OVER:
        return f"`{package}` is a folder that git, ruff or mypy pass over"
    if package in sys.stdlib_module_names or package in MODULES or package in taken:
        return f"`{package}` is already the name of a module that the project needs"
    if name.lower() in COMMANDS:
        return f"`{name}` is already a command of the environment that a project is installed into"
    return ""


def _suggest(name: str, taken: Collection[str]) -> str:
    """Return a hint with a name near to this one that may be taken as it stands."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    cut = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-_.")[:NAME_LENGTH].strip("-_.")
    good = cut or "my-server"
    if not package_name(good).isidentifier():
        good = f"mcp-{good}"[:NAME_LENGTH].rstrip("-_.")
    if _reason(good, taken):
        good = f"{good[: NAME_LENGTH - len('-server')].rstrip('-_.')}-server"
    return f"Try `--name {good}`."


def check_component_name(name: str, kind: str, reserved: Collection[str] = ()) -> str:
    """Return the name that a component gets: snake case, `-` read as `_`.

    Raises `UsageError`, with a name that would do, for one that is no identifier of at most 30
    characters, means something to Python, or is `reserved` for this kind.
    """
    wanted = name.replace("-", "_")
    if not _COMPONENT.fullmatch(wanted):
        raise UsageError(
            f"`{name}` is no name for a {kind}: lower-case letters, digits and single `_`, with a "
            "letter first",
            hint=_suggest_component(name, kind),
        )
    if len(wanted) > COMPONENT_LENGTH:
        raise UsageError(
            f"The name `{name}` has {len(wanted)} characters, "
            f"at most {COMPONENT_LENGTH} are allowed",
            hint=_suggest_component(name, kind),
        )
    if keyword.iskeyword(wanted) or keyword.issoftkeyword(wanted) or hasattr(builtins, wanted):
        reason = "already means something in Python"
    elif wanted in sys.stdlib_module_names:
        reason = "is a module of Python"
    elif wanted in _TAKEN_BY_COMPONENTS or wanted in reserved:
        reason = f"is taken, so no {kind} can have it"
    else:
        return wanted
    raise UsageError(f"The name `{wanted}` {reason}", hint=_suggest_component(wanted, kind))


def _suggest_component(name: str, kind: str) -> str:
    import unicodedata

    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    words = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    good = words if words[:1].isalpha() else f"{kind}_{words}".strip("_")
    good = good[:COMPONENT_LENGTH].strip("_")
    if good in (name, kind):
        good = f"my_{good}"[:COMPONENT_LENGTH].strip("_")
    return f"Try `{good}`."


def check_text(value: str, flag: str) -> str:
    """Return the text if it can stand in files (no control characters, not endless).

    Raises `UsageError` that names the flag.
    """
    if CONTROL.search(value):
        raise UsageError(
            f"`{flag}` holds a character that no text file can hold",
            hint=f"Give another text by `{flag}`; line breaks and tabs may stay.",
        )
    if len(value) > TEXT_LENGTH:
        raise UsageError(
            f"`{flag}` is longer than {TEXT_LENGTH} characters",
            hint=f"Give a shorter text by `{flag}`.",
        )
    return value


def check_choice(value: str, allowed: Collection[str], flag: str) -> str:
    """Return the value if it is one of the allowed ones, else raise `UsageError`."""
    if value not in allowed:
        raise UsageError(
            f"`{flag}` can't be `{value}`", hint=f"Choose one of: {', '.join(allowed)}."
        )
    return value

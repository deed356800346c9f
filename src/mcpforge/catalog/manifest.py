"""The manifest of a layer (`feature.toml`, `group.toml`, `layer.toml`): vocabulary v1, closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcpforge.errors import ForgeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHEMA = 1

# Outermost first; see the order that fastmcp4-mas.md section 1.4 verified.
PHASES = (
    "errors",
    "audit",
    "logging",
    "timing",
    "limit",
    "authorization",
    "mask",
    "custom",
    "cache",
    "response",
    "retry",
)
ASGI_PHASES = ("request-id", "limit", "cors")  # innermost first
GENERATORS = ("token", "fernet", "hex")
OPTION_TYPES = ("bool", "int", "float", "str", "list", "choice")
FRAGMENTS = ("readme", "agents", "compose", "ci", "conftest", "conftest_token")

_CALL = ("import", "imports", "arguments", "keywords", "when", "unless")
ENTRIES: dict[str, tuple[str, ...]] = {
    "settings": (
        *("name", "type", "default", "help", "constraints", "secret", "required", "generate"),
        *("test", "example", "when", "unless"),
    ),
    "middleware": ("phase", *_CALL),
    "asgi": ("phase", *_CALL),
    "server": ("keyword", "statement", "local", *_CALL),
    "auth": ("kind", "name", *_CALL),
    "lifespan": _CALL,
    "tools": ("import", "when", "unless"),
    "resources": ("import", "when", "unless"),
    "prompts": ("import", "when", "unless"),
    "commands": _CALL,
    "startup": _CALL,
    "log-formatter": _CALL,
    "readiness": ("name", *_CALL),
    "conftest": ("import", "when", "unless"),
}
LISTS = ("dependencies", "dev-dependencies", "gitignore", "dockerignore", "next-steps")
_COMMON = ("schema", "title", "summary", "description", "seed", "options", "pyproject", *LISTS, *ENTRIES)
KEYS: dict[str, tuple[str, ...]] = {
    "layer": _COMMON,
    "group": (*_COMMON, "takes", "default", "order"),
    "feature": (
        *_COMMON,
        *("requires", "requires-group", "excludes", "after", "kind", "shared-url", "internal"),
    ),
}
_OPTION_KEYS = ("type", "default", "help", "min", "max", "choices")


@dataclass(frozen=True, slots=True)
class Option:
    """One question that a feature asks, with its type and default."""

    name: str
    type: str
    default: Any
    help: str
    min: float | None = None
    max: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """What one folder of templates brings: data, files and fragments.

    `files` maps a condition ("" or the id of another feature or group) to path → template text;
    `fragments` maps a slot to template text; `entries` maps a slot to its contributions. An
    `internal` feature is what several others share: they require it, nobody chooses it.
    """

    id: str
    group: str
    title: str
    summary: str = ""
    description: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)
    entries: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pyproject: Mapping[str, Any] = field(default_factory=dict)
    seed: tuple[str, ...] = ()
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fragments: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    requires_group: Mapping[str, str] = field(default_factory=dict)
    excludes: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    kind: str = ""
    shared_url: str = ""
    takes: str = "many"
    default: str = ""
    order: int = 0
    internal: bool = False


def parse_layer(
    raw: Mapping[str, Any],
    *,
    what: str,
    identifier: str,
    group: str,
    files: Mapping[str, Mapping[str, str]],
    fragments: Mapping[str, str],
) -> Layer:
    """Return the layer that a manifest describes; `what` is `layer`, `group` or `feature`.

    The manifest must have passed `check_manifest`: shipped ones did when mcpforge was built.
    """
    return Layer(
        id=identifier,
        group=group,
        title=raw["title"],
        summary=raw.get("summary", ""),
        description=raw.get("description", ""),
        options={name: _option(name, spec) for name, spec in raw.get("options", {}).items()},
        entries={key: tuple(raw[key]) for key in ENTRIES if key in raw},
        lists={key: tuple(raw[key]) for key in LISTS if key in raw},
        pyproject=raw.get("pyproject", {}),
        seed=tuple(raw.get("seed", ())),
        files=files,
        fragments=fragments,
        requires=tuple(raw.get("requires", ())),
        requires_group=raw.get("requires-group", {}),
        excludes=tuple(raw.get("excludes", ())),
        after=tuple(raw.get("after", ())),
        kind=raw.get("kind", ""),
        shared_url=raw.get("shared-url", ""),
        takes=raw.get("takes", "many"),
        default=raw.get("default", ""),
        order=raw.get("order", 0),
        internal=raw.get("internal", False),
    )


def _option(name: str, raw: Mapping[str, Any]) -> Option:
    default = raw["default"]
    return Option(
        name=name,
        type=raw["type"],
        default=tuple(default) if isinstance(default, list) else default,
        help=raw["help"],
        min=raw.get("min"),
        max=raw.get("max"),
        choices=tuple(raw.get("choices", ())),
    )


def check_manifest(raw: Mapping[str, Any], *, what: str, where: str) -> None:
    """Refuse what vocabulary v1 doesn't know.

    Raises `ForgeError` that names the file, the key and the nearest key that exists.
    """
    if raw.get("schema") != SCHEMA:
        raise ForgeError(f"{where}: `schema` must be {SCHEMA}", hint="Update mcpforge?")
    _check_keys(raw, KEYS[what], where)
    if not isinstance(raw.get("title"), str) or (what == "feature" and not raw.get("summary")):
        raise ForgeError(f"{where}: `title` and `summary` are needed")
    for name, spec in raw.get("options", {}).items():
        spot = f"{where}: options.{name}"
        _check_keys(spec, _OPTION_KEYS, spot)
        _need(spec, ("type", "default", "help"), spot)
        _one_of(spec["type"], OPTION_TYPES, spot)
    for slot, allowed in ENTRIES.items():
        for number, entry in enumerate(raw.get(slot, ()), 1):
            _check_entry(slot, entry, allowed, f"{where}: {slot} {number}")
    for key in LISTS:
        if not all(isinstance(item, str) for item in raw.get(key, ())):
            raise ForgeError(f"{where}: `{key}` must be a list of texts")
    if what == "group":
        _one_of(raw.get("takes", "many"), ("one", "many"), where)


def _check_entry(slot: str, entry: Mapping[str, Any], allowed: Iterable[str], spot: str) -> None:
    _check_keys(entry, allowed, spot)
    if slot == "settings":
        _need(entry, ("name", "type", "help"), spot)
        if entry.get("required") and "test" not in entry:
            raise ForgeError(f"{spot}: a required setting needs a `test` value")
        if "generate" in entry:
            _one_of(entry["generate"], GENERATORS, spot)
        return
    _need(entry, ("import",), spot)
    if ":" not in entry["import"] and slot != "conftest":
        raise ForgeError(f"{spot}: `import` must be `module:name`")
    if slot == "middleware":
        _one_of(entry.get("phase"), PHASES, spot)
    elif slot == "asgi":
        _one_of(entry.get("phase"), ASGI_PHASES, spot)
    elif slot == "server" and sum(key in entry for key in ("keyword", "statement", "local")) != 1:
        raise ForgeError(f"{spot}: exactly one of `keyword`, `statement` and `local` is needed")


def _check_keys(raw: Mapping[str, Any], allowed: Iterable[str], spot: str) -> None:
    known = tuple(allowed)
    for key in raw:
        if key not in known:
            raise ForgeError(
                f"{spot}: unknown key `{key}`",
                hint=did_you_mean(key, known) or f"Known keys: {', '.join(known)}.",
                code="manifest",
            )


def _need(raw: Mapping[str, Any], keys: Iterable[str], spot: str) -> None:
    for key in keys:
        if key not in raw:
            raise ForgeError(f"{spot}: `{key}` is missing", code="manifest")


def _one_of(value: Any, allowed: Iterable[str], spot: str) -> None:
    if value not in allowed:
        known = tuple(allowed)
        raise ForgeError(
            f"{spot}: `{value}` is not one of {', '.join(known)}",
            hint=did_you_mean(str(value), known),
            code="manifest",
        )

"""The manifest of a layer (`feature.toml`, `group.toml`, ...): vocabulary v1, closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 1

# Outermost first; see the order that fastmcp4-mas.md section 1.4 verified.
PHASES = (
    "lookup",
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
PHASE_OPTION = "{{ options.phase }}"  # what a component's manifest says: the user chooses
ASGI_PHASES = ("limit", "cors", "request-id")  # innermost first
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
    "sources": _CALL,  # of settings, behind the environment and `.env`
    "readiness": ("name", *_CALL),
    "conftest": ("import", "when", "unless"),
}
# The slots that components of the user's own fill: one entry in one of them.
COMPONENT_SLOTS = ("tools", "prompts", "resources", "middleware", "server")
LISTS = (
    *("dependencies", "dev-dependencies", "gitignore", "dockerignore", "next-steps"),
    "runtime-files",  # files and folders of the root that the running server reads
)
_COMMON = (
    *("schema", "title", "summary", "description", "seed", "options", "pyproject"),
    *LISTS,
    *ENTRIES,
)
KEYS: dict[str, tuple[str, ...]] = {
    "layer": (*_COMMON, "wiring", "modules"),
    "group": (*_COMMON, "takes", "default", "order"),
    "feature": (
        *_COMMON,
        *(
            "requires",
            "requires-group",
            "excludes",
            "after",
            "kind",
            "shared-url",
            "internal",
            "formerly",
        ),
    ),
    "component": (
        *("schema", "title", "summary", "description", "options", "group", "reserved"),
        *COMPONENT_SLOTS,
    ),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One question that a feature asks, with its type and default.

    A text may have to match a `pattern` whole; `form` says to people what that means.
    """

    name: str
    type: str
    default: Any
    help: str
    min: float | None = None
    max: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote a feature, where that is not mcpforge: a package, or a folder that was named.

    All ids of an origin begin with its `prefix`; `hash` identifies the content of all its layers.
    """

    prefix: str
    hash: str
    package: str = ""
    version: str = ""

    @property
    def label(self) -> str:
        """What people call it: `acme-features 1.2.0`, or the folder of a prefix."""
        return f"{self.package} {self.version}" if self.package else f"the folder of {self.prefix}"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one folder of templates brings: data, files and fragments.

    `files` maps a condition ("" or the id of another feature or group) to path → template text;
    `fragments` maps a slot to template text; `entries` maps a slot to its contributions. An
    `internal` feature is what several others share: they require it, nobody chooses it; `formerly`
    are ids that it had. Of the project, `wiring` are patterns of the files that switch features on,
    and `modules` maps distributions to the module they are imported as, where that differs. Of a
    kind of component, `group` is the group whose shared files it needs, `reserved` are names that
    it can't have. What third parties wrote has an `origin`, and is rendered in a child process.
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
    formerly: tuple[str, ...] = ()
    wiring: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    reserved: tuple[str, ...] = ()
    origin: Origin | None = None


def parse_layer(
    raw: Mapping[str, Any],
    *,
    identifier: str,
    group: str,
    files: Mapping[str, Mapping[str, str]],
    fragments: Mapping[str, str],
    origin: Origin | None = None,
) -> Layer:
    """Return the layer that a manifest describes.

    The manifest must have passed `checks.check_manifest`: shipped ones did when mcpforge was built.
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
        formerly=tuple(raw.get("formerly", ())),
        wiring=tuple(raw.get("wiring", ())),
        modules=raw.get("modules", {}),
        reserved=tuple(raw.get("reserved", ())),
        origin=origin,
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
        pattern=raw.get("pattern", ""),
        form=raw.get("form", ""),
    )

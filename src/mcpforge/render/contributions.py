"""The slots of the shared files, filled by what the chosen layers contribute."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcpforge import pysource
from mcpforge.catalog.manifest import ASGI_PHASES, PHASES
from mcpforge.errors import ForgeError
from mcpforge.render.environment import is_template, render_text
from mcpforge.render.settings import Setting, make_setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mcpforge.catalog.manifest import Layer
    from mcpforge.render.confined import RenderText

_CALLS = (
    "middleware",
    "asgi",
    "auth",
    "lifespan",
    "commands",
    "startup",
    "sources",
    "readiness",
)
_NAMES = ("tools", "resources", "prompts", "conftest")
# Arguments that a slot gives when its entries name none.
_DEFAULT_ARGUMENTS = {"commands": ("commands",), "sources": ("settings_cls",)}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a slot: what is called, how the call reads, and its label in the slot."""

    function: str
    call: str
    name: str = ""
    kind: str = ""
    phase: str = ""
    arguments: tuple[str, ...] = ()
    spec: str = ""


@dataclass(slots=True)
class Slots:
    """What shared templates loop over."""

    locals: list[Item] = field(default_factory=list)
    keywords: list[Item] = field(default_factory=list)
    statements: list[Item] = field(default_factory=list)
    middleware: list[Item] = field(default_factory=list)
    asgi: list[Item] = field(default_factory=list)
    auth: list[Item] = field(default_factory=list)
    lifespan: list[Item] = field(default_factory=list)
    tools: list[Item] = field(default_factory=list)
    resources: list[Item] = field(default_factory=list)
    prompts: list[Item] = field(default_factory=list)
    commands: list[Item] = field(default_factory=list)
    startup: list[Item] = field(default_factory=list)
    sources: list[Item] = field(default_factory=list)
    readiness: list[Item] = field(default_factory=list)
    conftest: list[Item] = field(default_factory=list)
    shared_url: str = ""
    gitignore: list[str] = field(default_factory=list)
    dockerignore: list[str] = field(default_factory=list)
    next_steps: list[str] = field(default_factory=list)
    runtime_files: list[str] = field(default_factory=list)
    dependencies: list[str] = field(default_factory=list)
    dev_dependencies: list[str] = field(default_factory=list)
    pyproject: dict[str, Any] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)
    imports: dict[str, list[str]] = field(default_factory=dict)


def collect(
    layers: Sequence[Layer],
    context_of: Callable[[Layer], Mapping[str, Any]],
    holds: Callable[[str], bool],
    env_prefix: str,
    text_of: Callable[[Layer], RenderText] = lambda _: render_text,
) -> Slots:
    """Return the slots that these layers fill, in their order.

    `text_of` returns what renders the texts of a layer. Raises `ForgeError` when two layers claim
    one single-valued slot differently.
    """
    slots = Slots()
    for layer in layers:
        context, text = context_of(layer), text_of(layer)
        for slot, entries in layer.entries.items():
            for raw in entries:
                if not _applies(raw, holds):
                    continue
                entry = rendered(raw, context, layer.id, text)
                if slot == "settings":
                    _add_setting(slots, make_setting(entry, env_prefix, layer.id), layer.id)
                else:
                    _add_entry(slots, slot, entry, layer.id)
        for key, values in layer.lists.items():
            target: list[str] = getattr(slots, key.replace("-", "_"))
            found = [rendered(value, context, layer.id, text) for value in values]
            target.extend(value for value in found if value not in target)
        _add_tables(slots, rendered(layer.pyproject, context, layer.id, text), layer.id)
        if layer.shared_url:
            _claim(slots.shared_url, layer.shared_url, "shared-url", layer.id)
            slots.shared_url = layer.shared_url
    slots.middleware.sort(key=lambda item: PHASES.index(item.phase))
    slots.asgi.sort(key=lambda item: ASGI_PHASES.index(item.phase))
    slots.dependencies = merge_requirements(slots.dependencies)
    slots.dev_dependencies = merge_requirements(slots.dev_dependencies)
    return slots


def _applies(raw: Mapping[str, Any], holds: Callable[[str], bool]) -> bool:
    return all(map(holds, raw.get("when", ()))) and not any(map(holds, raw.get("unless", ())))


def rendered(
    value: Any, context: Mapping[str, Any], where: str, text: RenderText = render_text
) -> Any:
    """Return a value of a manifest with its templates rendered."""
    if isinstance(value, str):
        return text(value, context, where) if is_template(value) else value
    if isinstance(value, list):
        return [rendered(item, context, where, text) for item in value]
    if isinstance(value, dict):
        return {key: rendered(item, context, where, text) for key, item in value.items()}
    return value


def _add_setting(slots: Slots, setting: Setting, where: str) -> None:
    for known in slots.settings:
        if known.name == setting.name:
            _claim(known, setting, f"setting {setting.name}", where)
            return
    slots.settings.append(setting)
    slots.imports.setdefault("settings", []).extend(setting.imports)


def _add_entry(slots: Slots, slot: str, entry: Mapping[str, Any], where: str) -> None:
    item = make_item(slot, entry)
    slots.imports.setdefault(slot, []).extend([item.spec, *entry.get("imports", ())])
    items = items_of(slots, slot, entry)
    if "keyword" in entry or "local" in entry:
        for known in items:
            if known.name == item.name:
                _claim(known, item, f"server.{item.name}", where)
    if item not in items:
        items.append(item)


def make_item(slot: str, entry: Mapping[str, Any]) -> Item:
    """Return what a rendered entry puts into its slot."""
    spec: str = entry["import"]
    name = spec.partition(":")[2]
    arguments = tuple(entry.get("arguments", _DEFAULT_ARGUMENTS.get(slot, ())))
    keywords: dict[str, str] = entry.get("keywords", {})
    return Item(
        function=name,
        call=pysource.call(name, arguments, keywords),
        name=entry.get("name") or entry.get("keyword") or entry.get("local") or name,
        kind=entry.get("kind", ""),
        phase=entry.get("phase", ""),
        arguments=(*arguments, *(f"{key}={value}" for key, value in keywords.items())),
        spec=spec,
    )


def items_of(slots: Slots, slot: str, entry: Mapping[str, Any]) -> list[Item]:
    """Return the list that an entry of a slot belongs to."""
    if slot == "server":
        if "keyword" in entry:
            return slots.keywords
        return slots.locals if "local" in entry else slots.statements
    found: list[Item] = getattr(slots, slot)
    return found


def _claim(known: object, new: object, slot: str, where: str) -> None:
    if known and known != new:
        raise ForgeError(
            f"Two features claim `{slot}` in different ways, the second is `{where}`",
            code="slot_taken",
        )


def _add_tables(slots: Slots, tables: Mapping[str, Any], where: str) -> None:
    for name, table in tables.get("tool", {}).items():
        _claim(slots.pyproject.get(f"tool.{name}"), table, f"pyproject tool.{name}", where)
        slots.pyproject[f"tool.{name}"] = table


def merge_requirements(requirements: Sequence[str]) -> list[str]:
    """Return requirements sorted by name, extras of one package joined.

    Raises `ForgeError` when two layers want different versions of one package.
    """
    merged: dict[str, tuple[set[str], str, str]] = {}
    for requirement in requirements:
        name, extras, rest = split_requirement(requirement)
        key = name.lower().replace("_", "-")
        known = merged.get(key)
        if known and known[1] and rest and known[1] != rest:
            raise ForgeError(
                f"`{name}` is wanted as `{known[1]}` and as `{rest}`", code="slot_taken"
            )
        joined = (known[0] if known else set()) | extras
        merged[key] = (joined, rest or (known[1] if known else ""), known[2] if known else name)
    return [
        f"{name}{'[' + ','.join(sorted(extras)) + ']' if extras else ''}{rest}"
        for _, (extras, rest, name) in sorted(merged.items())
    ]


def split_requirement(requirement: str) -> tuple[str, set[str], str]:
    """Split `name[a,b]>=1` into its name, its extras and the rest."""
    end = next(
        (
            number
            for number, char in enumerate(requirement)
            if not (char.isalnum() or char in "-_.")
        ),
        len(requirement),
    )
    name, rest = requirement[:end], requirement[end:]
    if not rest.startswith("["):
        return name, set(), rest
    extras, _, rest = rest[1:].partition("]")
    return name, {extra.strip() for extra in extras.split(",")}, rest

"""What a project tells a gateway about itself, read from its lock and the catalogue's data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcpforge.catalog.resolve import option_values, resolve
from mcpforge.operations.environment import present_values
from mcpforge.project import lock as locks
from mcpforge.render.environment import render_text
from mcpforge.render.filters import oneline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mcpforge.answers import Answers
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer

MCP_PATH = "/mcp"
_EVERYWHERE = {"", "0.0.0.0", "::", "[::]"}  # noqa: S104
_GROUP = "gateway"  # the group of the features that declare a registration


@dataclass(frozen=True, slots=True)
class Offer:
    """A project as a gateway gets to know it.

    `verifies` says that it takes tokens, `signs_in` that people sign in by OAuth; `token_step` is
    the command that makes a token, where its features name one.
    """

    root: Path
    name: str
    description: str
    url: str
    tags: tuple[str, ...] | None = None
    visibility: str | None = None
    verifies: bool = False
    signs_in: bool = False
    token_step: str = ""

    @property
    def script(self) -> Path:
        """Where its installed console script is."""
        return self.root / ".venv" / "bin" / self.name


def offer(start: Path, catalog: Catalog) -> Offer:
    """Return what the project of a folder tells; raises `ForgeError` outside of one."""
    root = locks.find(start)
    answers = locks.load(root).answers
    features = resolve(catalog, answers.features).features
    declared = _declared(features, answers)
    kinds = {entry["kind"] for layer in features for entry in layer.entries.get("auth", ())}
    tags = declared.get("tags")
    return Offer(
        root=root,
        name=answers.name,
        description=oneline(answers.description),
        url=_url(root, answers, [catalog.project, *_groups(catalog, features), *features]),
        tags=tuple(tags) if tags else None,
        visibility=declared.get("visibility") or None,
        verifies="verifier" in kinds,
        signs_in="provider" in kinds,
        token_step=_token_step(features, answers),
    )


def _declared(features: Iterable[Layer], answers: Answers) -> dict[str, Any]:
    """Return the options of the features that declare a registration."""
    found: dict[str, Any] = {}
    for layer in features:
        if layer.group == _GROUP:
            found |= option_values(layer, answers.options.get(layer.id, {}))
    return found


def _groups(catalog: Catalog, features: Iterable[Layer]) -> list[Layer]:
    return [catalog.groups[name] for name in dict.fromkeys(layer.group for layer in features)]


def _token_step(features: Iterable[Layer], answers: Answers) -> str:
    for layer in features:
        kinds = {entry["kind"] for entry in layer.entries.get("auth", ())}
        if "verifier" in kinds:
            for step in layer.lists.get("next-steps", ()):
                return render_text(step, {"project": {"name": answers.name}}, layer.id)
    return ""


def _url(root: Path, answers: Answers, layers: Iterable[Layer]) -> str:
    """Return the URL that the settings lead to: the environment, `.env`, the defaults."""
    kept = present_values(root)
    found: dict[str, str] = {}
    for layer in layers:
        for entry in layer.entries.get("settings", ()):
            name = str(entry["name"])
            env = f"{answers.env_prefix}{name.upper()}"
            found[name] = os.environ.get(env) or kept.get(env) or ""
            found[f"default {name}"] = str(entry.get("default", ""))
    return _public(found)


def _public(settings: Mapping[str, str]) -> str:
    if settings.get("base_url"):
        return settings["base_url"].rstrip("/") + MCP_PATH
    host = settings.get("host", "")
    host = "127.0.0.1" if host in _EVERYWHERE else host
    port = settings.get("port") or settings.get("default port") or "8000"
    return f"http://{host}:{port}{MCP_PATH}"

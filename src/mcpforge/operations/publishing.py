"""What a project tells a gateway about itself, read from its lock and the catalogue's data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.catalog.resolve import option_values, resolve
from mcpforge.operations.environment import present_values
from mcpforge.operations.thirdparties import check_present
from mcpforge.project import lock as locks
from mcpforge.render.environment import render_text
from mcpforge.render.filters import oneline

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mcpforge.answers import Answers
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer

MCP_PATH = "/mcp"
_EVERYWHERE = {"", "0.0.0.0", "::", "[::]"}
# Settings that a feature may bring to say how the project is to be registered.
_DECLARED = ("register_name", "register_tags", "register_visibility")
_USED = (*_DECLARED, "port")
_Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Offer:
    """A project as a gateway gets to know it.

    `script` is where its console script is once it is installed; `verifies` says that it takes
    tokens, `signs_in` that people sign in by OAuth; `token_step` is the command that makes a token,
    where its features name one.
    """

    root: Path
    name: str
    script: Path
    description: str
    url: str
    tags: tuple[str, ...] | None = None
    visibility: str | None = None
    verifies: bool = False
    signs_in: bool = False
    token_step: str = ""


def offer(start: Path, catalog: Catalog) -> Offer:
    """Return what the project of a folder tells; raises `ForgeError` outside of one."""
    root = locks.find(start)
    lock = locks.load(root)
    answers = lock.answers
    check_present(lock, answers, catalog)
    features = resolve(catalog, answers.features).features
    layers = [catalog.project, *_groups(catalog, features), *features]
    given, defaults = _settings(root, answers, layers)
    declared = {**{name: defaults[name] for name in _DECLARED if name in defaults}, **given}
    kinds = {entry["kind"] for layer in features for entry in layer.entries.get("auth", ())}
    tags = [tag.strip() for tag in declared.get("register_tags", "").split(",") if tag.strip()]
    return Offer(
        root=root,
        name=declared.get("register_name") or answers.name,
        script=root / ".venv" / "bin" / answers.name,
        description=oneline(answers.description),
        url=_url(given, defaults),
        tags=tuple(tags) or None,
        visibility=declared.get("register_visibility") or None,
        verifies="verifier" in kinds,
        signs_in="provider" in kinds,
        token_step=_token_step(features, answers),
    )


def _groups(catalog: Catalog, features: Iterable[Layer]) -> list[Layer]:
    return [catalog.groups[name] for name in dict.fromkeys(layer.group for layer in features)]


def _token_step(features: Iterable[Layer], answers: Answers) -> str:
    for layer in features:
        kinds = {entry["kind"] for entry in layer.entries.get("auth", ())}
        if "verifier" in kinds:
            for step in layer.lists.get("next-steps", ()):
                return render_text(step, {"project": {"name": answers.name}}, layer.id)
    return ""


def _settings(root: Path, answers: Answers, layers: Iterable[Layer]) -> tuple[_Texts, _Texts]:
    """Return the settings that the environment or `.env` gives, and the defaults of all."""
    kept = present_values(root)
    given: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for layer in layers:
        project = {"name": answers.name}
        options = option_values(layer, answers.options.get(layer.id, {}))
        for entry in layer.entries.get("settings", ()):
            name = str(entry["name"])
            env = f"{answers.env_prefix}{name.upper()}"
            value = os.environ.get(env) or kept.get(env)
            if value:
                given[name] = value
            if name in _USED:
                text = str(entry.get("default", ""))
                context = {"project": project, "options": options}
                defaults[name] = render_text(text, context, f"{layer.id}: {name}")
    return given, defaults


def _url(given: _Texts, defaults: _Texts) -> str:
    """Return the URL that the settings lead to."""
    if "register_url" in given:
        return given["register_url"]
    if "base_url" in given:
        return given["base_url"].rstrip("/") + MCP_PATH
    host = given.get("host", "")
    host = "127.0.0.1" if host in _EVERYWHERE else host
    port = given.get("port") or defaults.get("port") or "8000"
    return f"http://{host}:{port}{MCP_PATH}"

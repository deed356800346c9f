"""Templates of third parties, rendered in a child process by the same environment as ours."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from mcpforge.characters import CONTROL
from mcpforge.confine import Child, Limits
from mcpforge.errors import ForgeError
from mcpforge.render.environment import make_environment, render_text, without_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from mcpforge.catalog.manifest import Layer

    RenderText = Callable[[str, Mapping[str, Any], str], str]

LIMITS = Limits()
# What of a context is sent as it is; the rest is made of the slots again.
_SENT = (
    *("project", "package", "env_prefix", "options", "features", "fragments"),
    *("dependencies", "dev_dependencies", "pyproject_tables"),
)


class Renderer:
    """Renders our texts here, and those of third parties in a child that starts when needed."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._child: Child | None = None
        self._context: Mapping[str, Any] | None = None

    def __enter__(self) -> Self:
        """Return the renderer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child, if there is one."""
        if self._child:
            self._child.close()

    def of(self, layer: Layer) -> RenderText:
        """Return what renders the texts of a layer."""
        return partial(self._confined, layer) if layer.origin else render_text

    def _confined(self, layer: Layer, text: str, context: Mapping[str, Any], where: str) -> str:
        plain = without_engine(text, context)
        if plain is not None:
            return plain
        request: dict[str, Any] = {"text": text}
        if context is not self._context:
            request["context"] = portable(context)
            self._context = context
        return str(self._ask(layer, request, f"Template {where}"))

    def check(self, layer: Layer, path: str, text: str) -> None:
        """Refuse a file that can't be what its name says; raises `ForgeError`."""
        self._ask(layer, {"path": path, "text": text}, f"`{path}`")

    def _ask(self, layer: Layer, request: object, what: str) -> Any:
        assert layer.origin
        if self._child is None:
            self._child = Child("mcpforge.render.confined:work", LIMITS)
        what = f"{what} of `{layer.origin.label}`"
        try:
            return self._child.ask(request, what)
        except ForgeError as error:
            if error.code == "limit":
                raise
            raise ForgeError(f"{what}: {error.message}", hint=error.hint, code="template") from None


def portable(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a context as plain data."""
    sent = {key: context[key] for key in _SENT if key in context}
    return {**sent, "slots": asdict(context["slots"])} if "slots" in context else sent


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return make_environment(None)


class _Worker:
    """What the child does; it remembers the last context."""

    def __init__(self) -> None:
        self._context: dict[str, Any] = {}

    def __call__(self, request: Mapping[str, Any]) -> str:
        if "path" in request:
            parse(request["path"], request["text"])
            return ""
        if "context" in request:
            self._context = restored(request["context"])
        from jinja2 import TemplateError

        try:
            text = _environment().from_string(request["text"]).render(self._context)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise ForgeError(
                f"{f'line {line}: ' if line else ''}{error.message or error}"
            ) from None
        if CONTROL.search(text):
            raise ForgeError("it gives a character that no text file can hold")
        return text


def restored(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context that `portable` made plain."""
    from mcpforge.render.contributions import Item, Slots
    from mcpforge.render.project import imports_function
    from mcpforge.render.settings import Setting

    context = dict(sent)
    context["options"] = {key: _frozen(value) for key, value in sent["options"].items()}
    if "slots" not in sent:
        return context
    fields = dict(sent["slots"])
    settings = [
        Setting(**{key: _frozen(value) for key, value in item.items()})
        for item in fields.pop("settings")
    ]
    items = {
        name: [Item(**{key: _frozen(value) for key, value in item.items()}) for item in value]
        for name, value in fields.items()
        if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    slots = Slots(**{**fields, **items, "settings": settings})
    return {**context, "slots": slots, "settings": settings, "imports": imports_function(slots)}


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def parse(path: str, text: str) -> None:
    """Raise `ForgeError` for a text that is not in the language of its file's name."""
    kind = path.rpartition(".")[2]
    try:
        _PARSERS.get(kind, str)(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        said = str(error).split("\n", 1)[0] or type(error).__name__
        raise ForgeError(f"it is no {kind.upper()} file: {said}") from None


def _python(text: str) -> None:
    import ast

    ast.parse(text)


def _toml(text: str) -> None:
    import tomllib

    tomllib.loads(text)


def _json(text: str) -> None:
    import json

    json.loads(text)


def _yaml(text: str) -> None:
    import yaml

    try:
        for _ in yaml.compose_all(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


_PARSERS: dict[str, Callable[[str], object]] = {
    "py": _python,
    "toml": _toml,
    "json": _json,
    "yaml": _yaml,
    "yml": _yaml,
}

work = _Worker()

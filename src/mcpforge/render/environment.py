"""The one Jinja environment: sandboxed, strict, with literal filters only."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from mcpforge import pysource
from mcpforge.errors import ForgeError
from mcpforge.render import filters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2.sandbox import ImmutableSandboxedEnvironment

FILTERS = {
    "author": filters.author_table,
    "json": filters.json_string,
    "md": filters.markdown,
    "oneline": filters.oneline,
    "pystr": pysource.literal,
    "shell": filters.shell,
    "toml": filters.toml_string,
    "tomlkey": filters.toml_key,
    "yaml": filters.yaml_string,
}


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Return the environment that renders every template."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters.update(FILTERS)
    return made


def is_template(text: str) -> bool:
    """Say whether there is anything to render: most files are copied as they are."""
    return "{{" in text or "{%" in text or "{#" in text


def render_text(text: str, context: Mapping[str, Any], where: str) -> str:
    """Return the rendered text.

    Raises `ForgeError` that names the template when it asks for a value that is not there, or is
    no template at all.
    """
    if not is_template(text):
        return text
    from jinja2 import TemplateError

    try:
        return environment().from_string(text).render(context)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        spot = f"{where}, line {line}" if line else where
        raise ForgeError(f"Template {spot}: {error.message or error}", code="template") from error

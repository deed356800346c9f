"""The one Jinja environment: sandboxed, strict, with literal filters only."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from mcpforge import pysource
from mcpforge.errors import ForgeError
from mcpforge.render import filters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import BytecodeCache, Template
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


_PLAIN = re.compile(r"\{\{ (package|env_prefix|name|class_name) \}\}")


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Return the environment that renders every template, with its compiled templates kept."""
    from mcpforge.render.bytecode import OneFileCache, cache_file

    return make_environment(OneFileCache(cache_file()))


def make_environment(cache: BytecodeCache | None) -> ImmutableSandboxedEnvironment:
    """Return an environment: sandboxed, strict, with our filters."""
    from jinja2 import StrictUndefined

    from mcpforge.render.sandbox import Sandbox

    made = Sandbox(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        bytecode_cache=cache,
    )
    made.filters.update(FILTERS)
    return made


def keep_compiled() -> None:
    """Write what was compiled to the user's cache."""
    if environment.cache_info().currsize:
        cache = environment().bytecode_cache
        cache.save()  # type: ignore[union-attr]


def is_template(text: str) -> bool:
    """Say whether there is anything to render: most files are copied as they are."""
    return "{{" in text or "{%" in text or "{#" in text


def without_engine(text: str, context: Mapping[str, Any]) -> str | None:
    """Return the rendered text if no engine is needed: most only name package or component."""
    if not is_template(text):
        return text
    plain = _PLAIN.sub(lambda found: str(context.get(found[1], found[0])), text)
    return None if is_template(plain) else plain


def render_text(text: str, context: Mapping[str, Any], where: str) -> str:
    """Return the rendered text.

    Raises `ForgeError` that names the template when it asks for a value that is not there, or is
    no template at all.
    """
    plain = without_engine(text, context)
    if plain is not None:
        return plain
    from jinja2 import TemplateError

    try:
        return _template(text).render(context)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        spot = f"{where}, line {line}" if line else where
        raise ForgeError(f"Template {spot}: {error.message or error}", code="template") from error


@cache
def _template(text: str) -> Template:
    """Return the compiled template; the cache's key is the text itself."""
    from jinja2 import Template

    made = environment()
    held: Any = made.bytecode_cache
    bucket = held.get_bucket(made, text, None, text)
    if bucket.code is None:
        bucket.code = made.compile(text)
        held.set_bucket(bucket)
    return Template.from_code(made, bucket.code, made.make_globals(None))

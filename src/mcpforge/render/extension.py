"""The Jinja extension by which Copier renders a fork of `templates/project` as mcpforge does.

A fork names `mcpforge.render.extension.ProjectExtension` under `_jinja_extensions` in `copier.yml`.
It gives Copier's environment the literal filters, each template the context that `render` gives it
for a project without features, and each rendered file exactly one newline at its end.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Template
from jinja2.ext import Extension

from mcpforge import answers as rules
from mcpforge.errors import ForgeError
from mcpforge.render.environment import FILTERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

_TEXTS = ("name", "title", "description", "author", "license", "python")


class ProjectExtension(Extension):
    """Filters, globals and contexts for the templates of a project."""

    def __init__(self, environment: Environment) -> None:
        """Put them into Copier's environment."""
        super().__init__(environment)
        environment.filters.update(FILTERS)
        environment.filters.update(
            name_problem=name_problem, text_problem=text_problem, title_of=rules.default_title
        )
        environment.globals["this_year"] = lambda: time.localtime().tm_year
        environment.template_class = ProjectTemplate


class ProjectTemplate(Template):
    """A template that sees what `render` shows it, once all questions are answered."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Return the text; that of a file ends in one newline."""
        context = dict(*args, **kwargs)
        if all(key in context for key in (*_TEXTS, "year")):
            folder = Path(self.environment.loader.searchpath[0])  # type: ignore[union-attr]
            context |= _context(folder, *(context[key] for key in (*_TEXTS, "year")))
        text = super().render(context)
        if self.name is None:
            return text
        text = text.strip("\n")
        return f"{text}\n" if text else ""


def name_problem(name: str) -> str:
    """Return what speaks against the name of a project, or nothing; a validator of Copier."""
    return _problem(lambda: rules.check_name(name))


def text_problem(text: str) -> str:
    """Return what speaks against a text, or nothing; a validator of Copier."""
    return _problem(lambda: rules.check_text(text, "it"))


def _problem(check: Any) -> str:
    try:
        check()
    except ForgeError as error:
        return error.message
    return ""


@cache
def _context(folder: Path, *values: Any) -> Mapping[str, Any]:
    from mcpforge.catalog.catalog import build
    from mcpforge.catalog.sources import read_project
    from mcpforge.render.project import shared_context

    texts = dict(zip(_TEXTS, values, strict=False))
    answers = rules.Answers(**texts, year=int(values[-1]))
    return {**shared_context(answers, build(read_project(folder))), "options": {}}

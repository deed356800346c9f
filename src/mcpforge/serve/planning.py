"""Tools that plan a change of a project; nothing is written until a plan is applied."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastmcp.tools import tool
from mcp.types import ToolAnnotations
from pydantic import Field

from mcpforge.errors import UsageError
from mcpforge.serve import drafts
from mcpforge.serve.reading import Path
from mcpforge.serve.shapes import (
    Component,
    ComponentName,
    FilePlan,
    Ids,
    LongText,
    Options,
    ShortText,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.operations.verbs import Edit
    from mcpforge.project.lock import Lock
    from mcpforge.serve.desk import Desk
    from mcpforge.serve.shapes import Kind

License = Literal["MIT", "Apache-2.0", "BSD-3-Clause", "none"]
Python = Literal["3.11", "3.12", "3.13", "3.14"]
Components = Annotated[list[Component], Field(max_length=50)]


def plans(title: str, *, outside: bool = False) -> ToolAnnotations:
    """Return the annotations of a tool that makes a plan: it writes nothing."""
    return ToolAnnotations(
        title=title,
        read_only_hint=True,
        destructive_hint=False,
        idempotent_hint=False,
        open_world_hint=outside,
    )


class PlanningTools:
    """The verbs that change a project, as plans."""

    def __init__(self, desk: Desk) -> None:
        """Keep what the tools share."""
        self._desk = desk

    @tool(annotations=plans("Plan a new project"))
    def plan_new(  # the keys of an answers file, each an argument
        self,
        path: Annotated[
            str, Field(max_length=400, description="A new folder; its last part is the name")
        ],
        description: Annotated[
            LongText | None, Field(description="What it does; agents read it")
        ] = None,
        preset: Annotated[
            ShortText | None, Field(description="minimal, standard, production")
        ] = None,
        features: Ids = [],
        without: Annotated[Ids, Field(description="Features of the preset to leave out")] = [],
        options: Options = {},
        components: Components = [],
        name: ShortText | None = None,
        title: ShortText | None = None,
        author: Annotated[ShortText | None, Field(description="`Name <mail>`; else git's")] = None,
        license: License | None = None,
        python: Annotated[Python | None, Field(description="Oldest Python")] = None,
    ) -> FilePlan:
        """Plan a new MCP server project: features, options and tools of its own in one plan."""
        from mcpforge.operations.choices import Request
        from mcpforge.project.git import identity

        place = self._desk.base.locate(path)
        answers: dict[str, Any] = {
            "options": options,
            "components": [component.model_dump() for component in components],
        }
        request = Request(
            name=name if name is not None else place.path.name,
            title=title,
            description=description,
            author=author,
            license=license,
            python=python,
            preset=preset,
            include=tuple(features),
            exclude=tuple(without),
            answers=answers,
        )
        known = author if author is not None else identity(self._desk.base.root)
        birth = drafts.Birth(request, known, time.localtime().tm_year)
        return self._desk.shelf.offer(lambda: drafts.new(self._desk, path, birth))

    @tool(annotations=plans("Plan to add"))
    def plan_add(
        self,
        project: Path = ".",
        features: Ids = [],
        components: Components = [],
        options: Options = {},
        replace: Annotated[
            bool, Field(description="Take out what fills the same single choice")
        ] = False,
    ) -> FilePlan:
        """Plan to add features, or tools, prompts, resources, middleware, routes of its own."""
        from mcpforge.operations.choices import expand
        from mcpforge.operations.components import make_component
        from mcpforge.operations.verbs import Addition, with_parts

        _need(features, components, options)

        def edit(lock: Lock, catalog: Catalog) -> Edit:
            made = [
                make_component(one.kind, one.name, one.options, catalog, lock.answers)
                for one in components
            ]
            more = Addition(options=options, replacing=replace)
            return with_parts(lock.answers, catalog, expand(catalog, features), made, more)

        return self._change(project, "add", edit)

    @tool(annotations=plans("Plan to remove"))
    def plan_remove(
        self,
        project: Path = ".",
        features: Ids = [],
        components: Annotated[list[ComponentName], Field(max_length=50)] = [],
        cascade: Annotated[bool, Field(description="Take out what needs it as well")] = False,
    ) -> FilePlan:
        """Plan to take features or components out; what somebody edited stays."""
        from mcpforge.operations.choices import expand
        from mcpforge.operations.verbs import without_parts

        _need(features, components)
        unwanted = [(one.kind, one.name) for one in components]

        def edit(lock: Lock, catalog: Catalog) -> Edit:
            known = expand(catalog, features)
            return without_parts(lock.answers, catalog, known, unwanted, cascade=cascade)

        return self._change(project, "remove", edit)

    @tool(annotations=plans("Plan other options or texts"))
    def plan_set(
        self,
        project: Path = ".",
        options: Options = {},
        title: ShortText | None = None,
        description: LongText | None = None,
        license: License | None = None,
        python: Python | None = None,
    ) -> FilePlan:
        """Plan other options of features, or another title, description, license or Python."""
        from mcpforge.operations.verbs import changed

        given = {"title": title, "description": description, "license": license, "python": python}
        texts = {key: value for key, value in given.items() if value is not None}
        _need(options, texts)
        return self._change(
            project, "set", lambda lock, catalog: changed(lock.answers, catalog, options, texts)
        )

    @tool(annotations=plans("Plan an update"))
    def plan_update(self, project: Path = ".") -> FilePlan:
        """Plan to bring a project to the templates of the installed mcpforge, edits merged."""
        from mcpforge.operations.verbs import updated

        return self._change(project, "update", updated)

    @tool(annotations=plans("Plan to undo"))
    def plan_undo(self, project: Path = ".") -> FilePlan:
        """Plan to take the last change back; undoing twice redoes it."""
        return self._desk.shelf.offer(lambda: drafts.undo(self._desk, project))

    def _change(self, project: str, kind: Kind, edit: Callable[[Lock, Catalog], Edit]) -> FilePlan:
        return self._desk.shelf.offer(lambda: drafts.change(self._desk, project, kind, edit))


def _need(*given: Any) -> None:
    if not any(given):
        raise UsageError(
            "Nothing was asked for",
            hint="Name features, components or options; `list_features` tells what there is.",
        )

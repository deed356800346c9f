"""Tools that only look: the catalogue, projects, code, the diff of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastmcp.tools import tool
from mcp.types import ToolAnnotations
from pydantic import Field

from mcpforge.serve import guard
from mcpforge.serve.shapes import (
    Catalogue,
    Check,
    Diff,
    Examination,
    Feature,
    FeatureSummary,
    Finding,
    Group,
    Project,
    ProjectList,
    Setting,
    ShortText,
)

if TYPE_CHECKING:
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer
    from mcpforge.serve.desk import Desk

MOST_FINDINGS = 200
MOST_TEXT = 60_000
Path = Annotated[
    str, Field(max_length=400, description="Relative to the folder of this server; `.` is itself")
]


def looks(title: str, *, outside: bool = False) -> ToolAnnotations:
    """Return the annotations of a tool that changes nothing."""
    return ToolAnnotations(
        title=title,
        read_only_hint=True,
        destructive_hint=False,
        idempotent_hint=True,
        open_world_hint=outside,
    )


class ReadingTools:
    """What can be asked without planning anything."""

    def __init__(self, desk: Desk) -> None:
        """Keep what the tools share."""
        self._desk = desk

    @tool(annotations=looks("List features"))
    def list_features(
        self,
        group: Annotated[ShortText, Field(description="One group only, such as `middleware`")] = "",
    ) -> Catalogue:
        """List what a server can be given: groups, their features, presets."""
        catalog = self._desk.catalog
        wanted = [catalog.group(group)] if group else list(catalog.groups.values())
        return Catalogue(
            groups=[
                Group(
                    id=one.id,
                    title=one.title,
                    takes="one" if one.takes == "one" else "many",
                    default=one.default,
                    features=[_summary(catalog, item) for item in catalog.members(one.id)],
                )
                for one in wanted
            ],
            presets={name: sorted(catalog.preset(name)) for name in catalog.presets},
        )

    @tool(annotations=looks("Describe a feature"))
    def describe_feature(self, feature: ShortText) -> Feature:
        """Tell all about one feature: options with their schemas, settings, what it needs."""
        from mcpforge.operations.features import feature_data

        catalog = self._desk.catalog
        data = feature_data(catalog, catalog.feature(feature))
        settings = [Setting(**item) for item in data.pop("settings")]
        return Feature(**data, settings=settings)

    @tool(annotations=looks("Get the schema of answers"), output_schema={"type": "object"})
    def get_answers_schema(self) -> dict[str, Any]:
        """Get the JSON Schema of all answers; `plan_new` takes them as arguments, key by key."""
        from mcpforge.operations.schema import answers_schema

        return answers_schema(self._desk.catalog)

    @tool(annotations=looks("List projects"))
    def list_projects(self) -> ProjectList:
        """List the projects that mcpforge made below the folder of this server."""
        return ProjectList(projects=list(self._desk.base.projects()))

    @tool(annotations=looks("Describe a project"))
    def describe_project(self, project: Path = ".") -> Project:
        """Tell what a project is made of, what was edited, and which settings it lacks."""
        from mcpforge.operations.environment import missing_values, required_values
        from mcpforge.operations.info import inspect
        from mcpforge.operations.thirdparties import check_present
        from mcpforge.project import lock as locks
        from mcpforge.project.lock import answers_data
        from mcpforge.render.project import render

        place = self._desk.base.project(project)
        lock = locks.load(place.path)
        guard.check_lock(place.path, lock)
        catalog = self._desk.catalog
        with self._desk.lock:
            found = inspect(place.path, catalog)
            check_present(lock, lock.answers, catalog)
            settings = () if lock.origin else render(lock.answers, catalog).slots.settings
        states = sorted(found.files.items())
        return Project(
            path=place.shown,
            answers=answers_data(lock.answers),
            template=lock.origin.source if lock.origin else "",
            implied={key: list(by) for key, by in found.implied.items()},
            version=lock.version,
            current=found.current,
            interrupted=found.interrupted,
            files=len(states),
            edited=[path for path, state in states if state == "edited"],
            missing=[path for path, state in states if state == "missing"],
            secrets_to_write=[item.env for item in missing_values(place.path, settings)],
            settings_to_give=[item.env for item in required_values(place.path, settings)],
        )

    @tool(annotations=looks("Check a project or code", outside=True))
    def doctor(
        self,
        path: Annotated[
            str, Field(max_length=400, description="A project, or any folder or file with code")
        ] = ".",
    ) -> Examination:
        """Check a project (drift, lock, settings, gateway) and any FastMCP code for removed APIs.

        Code is read, never run: also code of FastMCP 2.x and 3.x, with the right form for 4.1.
        """
        from mcpforge.operations.doctor import examine, examine_code, project_of, summed
        from mcpforge.project import lock as locks

        base = self._desk.base
        place = base.locate(path)
        findings = examine_code(place.path)
        root = project_of(place.path) if place.path.exists() else None
        if root and root != base.root and base.root not in root.parents:
            root = None
        checks = []
        if root:
            home = base.project(root.relative_to(base.root).as_posix())
            guard.check_lock(home.path, locks.load(home.path))
            checks = examine(root, self._desk.catalog)
        total = summed(checks, findings)
        return Examination(
            project=root.relative_to(base.root).as_posix() if root else None,
            errors=total.errors,
            warnings=total.warnings,
            checks=[
                Check(
                    name=one.name,
                    level=one.level,
                    message=base.hidden(one.message),
                    hint=base.hidden(one.hint),
                )
                for one in checks
            ],
            findings=[
                Finding(
                    path=one.path,
                    line=one.line,
                    code=one.code,
                    severity=one.severity,
                    message=one.message,
                    why=one.why,
                    fix=one.fix,
                )
                for one in findings[:MOST_FINDINGS]
            ],
            more_findings=max(0, len(findings) - MOST_FINDINGS),
        )

    @tool(annotations=looks("Show the diff of a plan"))
    def show_diff(
        self,
        plan_id: ShortText,
        offset: Annotated[int, Field(ge=0, description="Where to go on")] = 0,
    ) -> Diff:
        """Show what a plan would write as a unified diff, or what it would send to the gateway."""
        text = "\n".join(self._desk.shelf.draft(plan_id).diff())
        end = offset + MOST_TEXT
        return Diff(
            plan_id=plan_id,
            text=text[offset:end],
            next_offset=end if end < len(text) else None,
        )


def _summary(catalog: Catalog, feature: Layer) -> FeatureSummary:
    return FeatureSummary(
        id=feature.id,
        title=feature.title,
        summary=feature.summary,
        options=list(feature.options),
        presets=[name for name in catalog.presets if feature.id in catalog.preset(name)],
    )

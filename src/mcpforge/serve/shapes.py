"""What the tools take and give: typed, described, with nothing that is not named here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Scalar = bool | int | float | str
OptionValue = Scalar | list[Annotated[str, Field(max_length=2_000)]]
ShortText = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=2_000)]
Ids = Annotated[list[ShortText], Field(max_length=200)]
Options = Annotated[
    dict[ShortText, dict[ShortText, OptionValue]],
    Field(description="Feature id → option → value, such as {'caching': {'ttl': 60}}"),
]
Action = Literal["create", "update", "delete"]
Kind = Literal["new", "add", "remove", "set", "update", "undo", "register", "unregister", "compose"]


class Component(BaseModel):
    """A tool, prompt, resource, middleware or route of the project's own."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["tool", "prompt", "resource", "middleware", "route"]
    name: Annotated[ShortText, Field(description="snake_case, at most 30 characters")]
    options: Annotated[
        dict[ShortText, OptionValue],
        Field(description="Such as {'uri': 'notes://{name}'} for a resource"),
    ] = {}


class ComponentName(BaseModel):
    """A component that is to go."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["tool", "prompt", "resource", "middleware", "route"]
    name: ShortText


class FeatureSummary(BaseModel):
    """One feature, in short."""

    id: str
    title: str
    summary: str
    options: list[str] = Field(description="Names; `describe_feature` tells their types")
    presets: list[str] = Field(description="The presets that hold it")


class Group(BaseModel):
    """Features of one kind."""

    id: str
    title: str
    takes: Literal["one", "many"] = Field(description="How many of them a project can have")
    default: str = Field(description="What the group's name alone stands for, or nothing")
    features: list[FeatureSummary]


class Catalogue(BaseModel):
    """What can be chosen."""

    groups: list[Group]
    presets: dict[str, list[str]] = Field(description="Preset → its features")


class Setting(BaseModel):
    """A variable of the generated project's environment, without the project's prefix."""

    name: str
    type: str
    help: str


class Feature(BaseModel):
    """One feature in full."""

    id: str
    group: str
    title: str
    summary: str
    description: str
    requires: list[str]
    requires_group: dict[str, str] = Field(description="Group → what fills it by default")
    excludes: list[str]
    single_choice: str = Field(description="The choice that only one feature can fill, or nothing")
    options: dict[str, dict[str, Any]] = Field(description="Option → JSON Schema")
    settings: list[Setting]
    dependencies: list[str]
    presets: list[str]


class ProjectList(BaseModel):
    """The projects below the folder of this server."""

    projects: list[str]


class Project(BaseModel):
    """A project as it stands."""

    path: str
    answers: dict[str, Any] = Field(description="In the form of `get_answers_schema`")
    template: str = Field(description="The Copier template that it was made from, or nothing")
    implied: dict[str, list[str]] = Field(description="Feature → the features that need it")
    version: str = Field(description="The mcpforge that wrote it last")
    current: bool = Field(description="False: `plan_update` brings newer templates")
    interrupted: bool = Field(description="True: a write was cut short; the next apply settles it")
    files: int
    edited: list[str] = Field(description="Files of mcpforge that somebody edited; edits are kept")
    missing: list[str] = Field(description="Files of mcpforge that were deleted; they stay deleted")
    secrets_to_write: list[str] = Field(description="Names that `write_secrets` gives a value")
    settings_to_give: list[str] = Field(description="Names that only a person can give, in `.env`")


class PlannedFile(BaseModel):
    """One file of a plan."""

    path: str
    action: Action
    merged: str = Field(description="How edits and templates are merged: lines, structured, syntax")
    attention: str = Field(description="Where it runs by itself: in CI, at every commit, …")


class Conflict(BaseModel):
    """A file where edits and templates touch the same place."""

    path: str
    reason: str
    hunks: str = Field(description="The file as it is against one with conflict markers")


class FilePlan(BaseModel):
    """What would be written; nothing is, until `apply` gets the plan's id."""

    plan_id: str | None = Field(description="For `apply`; null: nothing to do, or conflicts")
    expires_in: int = Field(description="Seconds that the plan can be applied")
    kind: Kind
    project: str
    summary: str
    files: list[PlannedFile]
    more_files: int = Field(description="Files that are in the plan and not in this list")
    conflicts: list[Conflict] = Field(description="Settle them in the files, then plan again")
    notes: list[str]
    features: list[str] = Field(description="All features after it, implied ones included")
    settings_to_give: list[str] = Field(description="Names that only a person can give, in `.env`")


class Loss(BaseModel):
    """A virtual server on the gateway that loses tools."""

    server: str
    tools: list[str]


class GatewayPlan(BaseModel):
    """What would be sent to the gateway; nothing is, until `apply` gets the plan's id."""

    plan_id: str | None = Field(description="For `apply`; null where there is nothing to do")
    expires_in: int
    kind: Kind
    gateway: str
    summary: str
    requests: list[dict[str, Any]] = Field(description="Secrets are hidden")
    tools_added: list[str]
    tools_changed: list[str]
    tools_removed: list[str]
    losses: list[Loss]
    notes: list[str]


class Diff(BaseModel):
    """A part of a plan's unified diff."""

    plan_id: str
    text: str
    next_offset: int | None = Field(description="Where to go on; null at the end")


class Listing(BaseModel):
    """What a real client saw of the server."""

    tools: list[str]
    resources: list[str]
    templates: list[str]
    prompts: list[str]


class Applied(BaseModel):
    """What was done."""

    kind: Kind
    project: str
    summary: str
    written: list[str] = Field(default=[], description="Files, or names on the gateway")
    deleted: list[str] = []
    kept: list[str] = Field(default=[], description="Left alone because they were edited since")
    secrets_written: list[str] = Field(default=[], description="Names in `.env`, never values")
    settings_to_give: list[str] = Field(default=[], description="Names only a person can give")
    git: str = Field(default="", description="committed, staged, inside, failed, missing or off")
    listing: Listing | None = Field(default=None, description="Where the server verifies results")
    agents_see: list[str] = Field(default=[], description="Tools as the gateway names them")
    skipped: list[str] = Field(default=[], description="Tools the gateway left out, and why")
    url: str = Field(default="", description="Where agents connect")
    next_steps: list[str] = Field(default=[], description="Commands to type in a shell")


class Check(BaseModel):
    """One thing that was looked at in a project."""

    name: str
    level: Literal["ok", "warning", "error"]
    message: str
    hint: str


class Finding(BaseModel):
    """One place in the code that FastMCP 4.1 no longer takes, or takes otherwise."""

    path: str
    line: int
    code: str
    severity: Literal["warning", "error"]
    message: str
    why: str
    fix: str


class Examination(BaseModel):
    """What `doctor` found."""

    project: str | None
    errors: int
    warnings: int
    checks: list[Check]
    findings: list[Finding]
    more_findings: int


class Secrets(BaseModel):
    """The names in `.env` that got a value; values are never told."""

    project: str
    written: list[str]
    settings_to_give: list[str] = Field(description="Names only a person can give, in `.env`")


class Source(BaseModel):
    """A registered server, and what of it is taken; nothing listed means everything."""

    model_config = ConfigDict(extra="forbid")

    name: ShortText
    tools: Ids | None = None
    resources: Ids | None = None
    prompts: Ids | None = None

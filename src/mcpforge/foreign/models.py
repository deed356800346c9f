"""What is asked of the process that runs Copier, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcpforge.tree import Tree

Operation = Literal["copy", "update"]
Stage = Literal["", "before", "after"]


@dataclass(frozen=True, slots=True)
class Job:
    """One rendering of a template.

    `source` is what the user named, `told` what the answers file is to name instead; `given` are
    the answers of the command line, `last` those that the project was made with. `project` is the
    folder of an existing project, `known_version` the version that it has and `known_secrets` the
    secret questions that were answered for it; `older` allows an older version. With a `stage`
    nothing is rendered: the template's migrations of that stage run in `workplace`, a copy.
    """

    source: str
    destination: str
    ref: str = ""
    told: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    last: Mapping[str, Any] = field(default_factory=dict)
    operation: Operation = "copy"
    trust: bool = False
    interactive: bool = False
    project: str = ""
    commit: str = ""
    stage: Stage = ""
    workplace: str = ""
    known_version: str = ""
    known_commit: str = ""
    known_secrets: tuple[str, ...] = ()
    older: bool = True


@dataclass(frozen=True, slots=True)
class Unsafe:
    """What a template runs beside its own files: commands, and code that renders them."""

    tasks: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.tasks or self.migrations or self.extensions)


@dataclass(frozen=True, slots=True)
class Produced:
    """What a template made of the answers.

    `tree` holds what may be kept in the project's state, `real` the same with the answers to secret
    questions in it. `left_out` are paths that the template excludes, `once` those that it writes
    only where they are missing. `data` holds every answer but the secret ones, `chosen` the names
    of those that the template would not have proposed, `secrets_given` of the secret ones that have
    another answer than the template's; `layer` is what a fork of our own template
    brings beside its files, as `catalog.sources.read_project` gives it.
    """

    tree: Tree
    real: Tree
    commit: str
    version: str
    answers_file: str
    data: Mapping[str, Any]
    chosen: tuple[str, ...]
    secrets: tuple[str, ...]
    secrets_given: tuple[str, ...]
    left_out: tuple[str, ...]
    once: tuple[str, ...]
    unsafe: Unsafe
    layer: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

"""`mcpforge new`: from a request to a project on disk."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mcpforge import __version__
from mcpforge.answers import default_title
from mcpforge.errors import ForgeError, Interruption
from mcpforge.operations.choices import DEFAULT_DESCRIPTION
from mcpforge.operations.environment import missing_values, write_environment
from mcpforge.project import apply, git
from mcpforge.project import lock as locks
from mcpforge.project.lock import Lock
from mcpforge.project.plan import locked_files, plan_new, with_origins
from mcpforge.project.thirdparties import recorded
from mcpforge.render.environment import keep_compiled
from mcpforge.render.project import render

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.answers import Answers
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.operations.verify import Listing
    from mcpforge.project.git import GitOutcome
    from mcpforge.project.journal import Recovery
    from mcpforge.project.plan import Plan
    from mcpforge.render.project import Rendered


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project that is ready to be written: its plan, and what to say about it."""

    root: Path
    answers: Answers
    rendered: Rendered
    plan: Plan

    @property
    def next_steps(self) -> list[str]:
        """The commands that the features suggest, to be typed inside the project."""
        return list(self.rendered.slots.next_steps)


@dataclass(frozen=True, slots=True)
class Written:
    """What was done beside writing the files."""

    git: GitOutcome | None
    env: tuple[str, ...]
    listing: Listing | None = None
    recovered: Recovery = ""


def prepare(root: Path, answers: Answers, catalog: Catalog) -> NewProject:
    """Render the project and plan it; nothing is written."""
    rendered = render(answers, catalog)
    keep_compiled()
    lock = Lock(
        version=__version__,
        templates=catalog.hash,
        answers=answers,
        files=locked_files(rendered.tree),
        third_parties=recorded(rendered),
    )
    plan = with_origins(plan_new(rendered.tree, lock), rendered.origins)
    return NewProject(root, answers, rendered, plan)


def write(
    project: NewProject,
    *,
    with_git: bool,
    with_env: bool,
    install: bool = False,
    verify: bool = False,
) -> Written:
    """Write the project, its `.env` and its repository; install and verify it where asked.

    Raises `ForgeError` when the place is taken or can't be written, or when the verification
    fails; nothing was changed then. A failed installation alone leaves the project, and so does
    Ctrl-C after its files were written, which raises `Interruption`.
    """
    if install or verify:
        from mcpforge.operations import verify as checks

        checks.find_installer()
    recovered = apply.settle(project.root)
    before = apply.contents(project.root)
    apply.create(project.root, project.plan)
    try:
        written = replace(
            _finish(project, with_git=with_git, with_env=with_env), recovered=recovered
        )
        if not (install or verify):
            return written
        _install(project, keep=not verify)
        if not verify:
            return written
        settings = project.rendered.slots.settings
        listing = checks.verify(project.root, project.answers.name, settings)
        return replace(written, listing=listing)
    except BaseException as error:
        if verify:
            apply.discard(project.root, keep=before)
        elif isinstance(error, KeyboardInterrupt):
            place = shlex.quote(str(project.root))
            raise Interruption(
                f"Interrupted: the files of `{project.root}` are written, what follows them is not",
                hint=f"Go on in that folder, or take it back with `mcpforge undo -C {place}`.",
            ) from None
        raise


def _install(project: NewProject, *, keep: bool) -> None:
    from mcpforge.operations import verify as checks

    try:
        checks.install(project.root)
    except ForgeError as error:
        if keep:
            message, hint = f"The files are written, but {error.message}", error.hint
        else:
            message, hint = error.message, checks.NOTHING_KEPT
        raise ForgeError(message, hint=hint, code=error.code) from None


def _finish(project: NewProject, *, with_git: bool, with_env: bool) -> Written:
    env: tuple[str, ...] = ()
    if with_env and missing_values(project.root, project.rendered.slots.settings):
        try:
            env = write_environment(project.root, project.rendered.slots.settings)
        except ForgeError as error:
            raise ForgeError(
                f"The project is there, but {error.message}",
                hint=f"Then type `mcpforge env -C {shlex.quote(str(project.root))}`.",
                code=error.code,
            ) from None
    outcome = git.start_repository(project.root, "Start from mcpforge") if with_git else None
    return Written(outcome, env)


def typed(root: Path) -> str:
    """Return the folder as one word of a command line, which no command takes for an option."""
    path = str(root)
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def same_command(project: NewProject, catalog: Catalog, *, flags: tuple[str, ...] = ()) -> str:
    """Return the one command that makes the same project without questions.

    No flag names a component, so a project with some is made from its own lock.
    """
    answers = project.answers
    words: list[str] = []
    if project.root.name != answers.name:
        words += ["--name", answers.name]
    for prefix in recorded(project.rendered):
        if prefix in catalog.folders:
            words += ["--features-path", catalog.folders[prefix]]
    if answers.components:
        words += ["--answers", str(project.root / locks.PATH)]
    else:
        words += [*_text_flags(answers), *_choice_flags(answers, catalog)]
    return f"mcpforge new {typed(project.root)} {shlex.join([*words, *flags])}"


def _text_flags(answers: Answers) -> list[str]:
    words = []
    if answers.title != default_title(answers.name):
        words += ["--title", answers.title]
    if answers.description != DEFAULT_DESCRIPTION:
        words += ["--description", answers.description]
    words += ["--author", answers.author]
    if answers.license != "MIT":
        words += ["--license", answers.license]
    if answers.python != "3.11":
        words += ["--python", answers.python]
    return words


def _choice_flags(answers: Answers, catalog: Catalog) -> list[str]:
    preset = _nearest_preset(answers, catalog)
    base = set(catalog.preset(preset))
    words = ["--preset", preset]
    for feature in sorted(set(answers.features) - base):
        words += ["--with", feature]
    for feature in sorted(base - set(answers.features)):
        words += ["--without", feature]
    for feature, values in sorted(answers.options.items()):
        for name, value in sorted(values.items()):
            words += ["--set", f"{feature}.{name}={_flag_value(value)}"]
    return words


def _nearest_preset(answers: Answers, catalog: Catalog) -> str:
    chosen = set(answers.features)
    return min(catalog.presets, key=lambda name: len(chosen ^ set(catalog.preset(name))))


def _flag_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, tuple):
        return str(value)
    joined = ",".join(value)
    return joined if _as_tuple(joined) == value else json.dumps(value, ensure_ascii=False)


def _as_tuple(text: str) -> tuple[str, ...]:
    if text.startswith("["):
        return ()
    return tuple(item.strip() for item in text.split(",") if item.strip())

"""Projects from Copier templates: made, and brought to newer versions of their template."""

from __future__ import annotations

import json
import shlex
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge import __version__
from mcpforge.answers import Answers
from mcpforge.catalog.resolve import resolve
from mcpforge.errors import ForgeError, UsageError
from mcpforge.foreign.copier import produce
from mcpforge.foreign.models import Job
from mcpforge.operations.new import NewProject, typed
from mcpforge.project import git
from mcpforge.project.guards import signals_as_errors
from mcpforge.project.lock import Lock
from mcpforge.project.origin import Origin
from mcpforge.project.plan import Plan, created, locked_files, plan_new
from mcpforge.render.contributions import Slots
from mcpforge.render.project import Rendered
from mcpforge.tree import File

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.foreign.models import Produced
    from mcpforge.tree import Tree

_EXAMPLES = ("example", "sample", "template", "dist", "test")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for: a template, a version of it, answers, and whether it may run.

    `keep` stays with the version that a project has.
    """

    source: str = ""
    ref: str = ""
    data: Mapping[str, Any] | None = None
    trust: bool = False
    interactive: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True)
class ForeignProject:
    """A project that is ready to be written, and what its template told."""

    project: NewProject
    produced: Produced
    wish: Wish
    flags: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The one command that makes the same project without questions; secrets are left out."""
        words = ["--template", self.wish.source]
        if self.wish.ref:
            words += ["--ref", self.wish.ref]
        for name in self.produced.chosen:
            words += ["--data", f"{name}={flag_value(self.produced.data[name])}"]
        words += [f"--data={name}=…" for name in self.produced.secrets_given]
        words += [*(["--trust"] if self.wish.trust else []), *self.flags]
        return f"mcpforge new {typed(self.project.root)} {shlex.join(words)}"


def flag_value(value: object) -> str:
    """Return an answer as `--data` takes it: texts as they are, anything else as YAML (JSON)."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def read_data(pairs: Iterable[str]) -> dict[str, str]:
    """Return the answers of `--data NAME=VALUE`; raises `UsageError` for another form."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise UsageError(
                f"`--data {pair}` is not of the form NAME=VALUE",
                hint="For example `--data project_name=weather`.",
            )
        found[name] = value
    return found


def prepare(root: Path, wish: Wish, catalog: Catalog, say: Callable[[str], None]) -> ForeignProject:
    """Let Copier render a template and plan the project; nothing is written.

    Raises what `produce` raises.
    """
    job = Job(
        source=wish.source,
        destination=str(root),
        ref=wish.ref,
        given=wish.data or {},
        trust=wish.trust,
        interactive=wish.interactive,
    )
    produced = made_by_copier(job, say)
    place, notes = place_of(wish.source), notes_of(produced)
    answers, templates = told_answers(root.absolute().name, produced.real), ""
    tree = guarded(produced.tree)
    rendered = rendered_of(produced.real, catalog)
    if produced.layer:
        from mcpforge.operations.forks import fork_of

        fork = fork_of(produced, catalog, place)
        if fork.fault:
            notes = (*notes, fork.fault)
        else:
            answers, templates = fork.answers, fork.catalog.hash
            rendered = fork.rendered
            tree = rendered.tree
    lock = Lock(
        version=__version__,
        templates=templates,
        answers=answers,
        files=locked_files(tree),
        origin=origin_of(produced, place, wish.ref, slots=bool(templates)),
    )
    plan = plan_new(tree, lock)
    changes = tuple(created(path, file) for path, file in produced.real.items())
    plan = Plan(changes, plan.state, notes)
    return ForeignProject(NewProject(root, answers, rendered, plan), produced, wish)


def made_by_copier(job: Job, say: Callable[[str], None]) -> Produced:
    """Return what `produce` returns; a signal that ends mcpforge ends the child as well."""
    with signals_as_errors():
        return produce(job, git.environment(), say)


def notes_of(produced: Produced) -> tuple[str, ...]:
    """Return what is to be said about what a template made."""
    notes = list(produced.notes)
    if produced.answers_file not in produced.real:
        notes.append(
            "The template writes no answers file, so `copier update` can't go on from here; "
            "`mcpforge update` can"
        )
    elif not produced.commit:
        notes.append(
            "The template is a plain folder without versions, so `copier update` can't go on from "
            "here; `mcpforge update` can"
        )
    return tuple(notes)


def place_of(source: str) -> str:
    """Return a source so that it can be found from any folder."""
    local = Path(source).expanduser()
    return str(local.resolve()) if ":" not in source and local.exists() else source


def origin_of(produced: Produced, source: str, ref: str, *, slots: bool = False) -> Origin:
    """Return what the lock keeps of a rendering."""
    return Origin(
        source=source,
        ref=ref,
        commit=produced.commit,
        version=produced.version,
        answers_file=produced.answers_file,
        answers=produced.data,
        secrets=produced.secrets,
        slots=slots,
    )


def guarded(tree: Tree) -> Tree:
    """Return a tree whose files of secrets belong to the user: no copy of them is kept."""
    return {
        path: replace(file, ownership="seed") if _holds_secrets(path) else file
        for path, file in tree.items()
    }


def _holds_secrets(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.startswith(".env") and not name.endswith(_EXAMPLES)


def rendered_of(tree: Tree, catalog: Catalog) -> Rendered:
    """Return a tree as what a verb shows: no features, no slots."""
    return Rendered(tree, resolve(catalog, ()), Slots())


def told_answers(name: str, tree: Tree) -> Answers:
    """Return what a project says of itself: in its `pyproject.toml`, else by its folder."""
    table: Mapping[str, Any] = {}
    file = tree.get("pyproject.toml", File(b""))
    try:
        table = tomllib.loads(file.text).get("project", {})
    except (ValueError, UnicodeDecodeError, AttributeError):
        table = {}
    told = table.get("name") if isinstance(table, dict) else None
    description = table.get("description") if isinstance(table, dict) else None
    found = told if isinstance(told, str) and told else name
    text = description if isinstance(description, str) else ""
    return Answers(name=found, title=found, description=text, license="none")


def require_foreign(lock: Lock) -> Origin:
    """Return the template of a project; raises `ForgeError` for one of mcpforge's own."""
    if lock.origin is None:
        raise ForgeError(
            "This project was made from mcpforge's own templates",
            hint="`--ref`, `--data` and `--trust` go with a project from a Copier template.",
            code="native_project",
        )
    return lock.origin

"""Plans for projects: made by the operations, guarded, and told to agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.project import journal
from mcpforge.serve import guard, views
from mcpforge.serve.shapes import Applied
from mcpforge.serve.shelf import Draft, stale

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.operations.change import ChangePlan
    from mcpforge.operations.choices import Request
    from mcpforge.operations.new import NewProject
    from mcpforge.operations.undo import UndoPlan
    from mcpforge.operations.verbs import Edit
    from mcpforge.project.lock import Lock
    from mcpforge.serve.desk import Desk
    from mcpforge.serve.places import Place
    from mcpforge.serve.shapes import FilePlan, Kind


@dataclass(frozen=True, slots=True)
class Birth:
    """What a new project is made of: the wish, and what this machine adds to it."""

    request: Request
    author: str
    year: int


def new(desk: Desk, path: str, birth: Birth) -> Draft[FilePlan]:
    """Return the plan of a new project; raises `ForgeError` for a place that is taken."""
    from mcpforge.operations.choices import decide
    from mcpforge.operations.environment import required_values
    from mcpforge.operations.new import prepare
    from mcpforge.project.apply import check_free

    place = desk.base.locate(path)
    with desk.lock:
        check_free(place.path)
        catalog = desk.catalog
        answers = decide(catalog, birth.request, author=birth.author, year=birth.year)
        project = prepare(place.path, answers, catalog)
    guard.check_plan(place.path, project.plan)
    yours = required_values(place.path, project.rendered.slots.settings)
    told = views.Told((), project.rendered.selection.ids, tuple(item.env for item in yours))
    return Draft(
        view=views.file_plan("new", place, project.plan, told),
        evidence=(place, project.plan),
        empty=False,
        diff=lambda: views.diff(desk, place, project.plan),
        carry_out=lambda: _create(desk, place, project),
    )


def _create(desk: Desk, place: Place, project: NewProject) -> Applied:
    from mcpforge.operations.environment import required_values
    from mcpforge.operations.new import write

    terms = desk.terms
    with desk.lock:
        views.check_still(desk, place)
        done = write(
            project,
            with_git=terms.git,
            with_env=terms.env,
            install=terms.install,
            verify=terms.verify,
        )
        yours = required_values(project.root, project.rendered.slots.settings)
    enter = [] if place.shown == "." else [f"cd {place.shown}"]
    return Applied(
        kind="new",
        project=place.shown,
        summary=f"Made `{project.answers.name}`: {len(project.plan.changes)} files",
        written=[change.path for change in project.plan.changes],
        secrets_written=list(done.env),
        settings_to_give=[item.env for item in yours],
        git=done.git.state if done.git else "off",
        listing=views.listing(done.listing),
        next_steps=[*enter, *project.next_steps, "uv run pytest"],
    )


def change(
    desk: Desk, path: str, kind: Kind, edit: Callable[[Lock, Catalog], Edit]
) -> Draft[FilePlan]:
    """Return the plan that gives a project other answers, and the installed templates."""
    from mcpforge.operations.change import open_project, plan_answers
    from mcpforge.operations.environment import required_values
    from mcpforge.operations.thirdparties import with_stand_ins

    place = desk.base.project(path)
    with desk.lock:
        root, lock = open_project(place.path)
        guard.check_lock(root, lock)
        _refuse_foreign(lock)
        catalog = desk.catalog
        wanted = edit(lock, with_stand_ins(lock, catalog))
        planned = plan_answers(root, lock, wanted.answers, catalog)
    guard.check_plan(root, planned.plan)
    yours = required_values(root, planned.rendered.slots.settings)
    told = views.Told(
        (*wanted.news, *planned.plan.notes, *views.updated(planned), *views.interrupted(root)),
        planned.rendered.selection.ids,
        tuple(item.env for item in yours),
    )
    view = views.file_plan(kind, place, planned.plan, told)
    if planned.plan.empty:
        view.summary = f"Nothing to do: {wanted.nothing}"
    return Draft(
        view=view,
        evidence=(place, planned.answers, planned.plan),
        empty=planned.plan.empty or bool(planned.plan.clashes),
        diff=lambda: views.diff(desk, place, planned.plan),
        carry_out=lambda: _change(desk, place, planned, kind, wanted.done),
        prepare=lambda: settle(desk, path),
    )


def _refuse_foreign(lock: Lock) -> None:
    """Refuse what would fetch a template that the project names, and run what is in it."""
    if lock.origin:
        raise ForgeError(
            "This project was made from a Copier template, and agents fetch none",
            hint="A person changes it in a shell: `mcpforge update`, `mcpforge set`.",
            code="foreign_project",
        )


def _change(desk: Desk, place: Place, planned: ChangePlan, kind: Kind, done: str) -> Applied:
    from mcpforge.operations.after import next_steps, verify_or_undo
    from mcpforge.operations.change import carry_out
    from mcpforge.operations.environment import required_values
    from mcpforge.operations.verify import install

    with desk.lock:
        views.check_still(desk, place)
        carry_out(planned)
        listing = verify_or_undo(planned) if desk.terms.verify else None
        if desk.terms.install and not desk.terms.verify and planned.requirements_changed:
            install(planned.root)
        steps = next_steps(planned)
        yours = required_values(planned.root, planned.rendered.slots.settings)
    return Applied(
        kind=kind,
        project=place.shown,
        summary=done,
        written=[item.path for item in planned.plan.changes if item.action != "delete"],
        deleted=[item.path for item in planned.plan.changes if item.action == "delete"],
        settings_to_give=[item.env for item in yours],
        listing=views.listing(listing),
        next_steps=steps,
    )


def undo(desk: Desk, path: str) -> Draft[FilePlan]:
    """Return the plan that takes the last change back; raises `ForgeError` where there is none."""
    from mcpforge.operations.undo import plan_undo

    place = desk.base.locate(path)
    desk.base.check_state(place)
    if journal.last(place.path) is None:
        raise ForgeError(
            f"There is nothing to undo in `{place.shown}`",
            hint="Only the last change made on this machine can be undone.",
            code="nothing_to_undo",
        )
    with desk.lock:
        planned = plan_undo(place.path)
    guard.check_plan(place.path, planned.plan)
    kept = tuple(f"`{name}` was edited since, so it stays" for name in planned.kept)
    return Draft(
        view=views.file_plan(
            "undo", place, planned.plan, views.Told((*kept, *views.interrupted(place.path)))
        ),
        evidence=(place, planned),
        empty=planned.plan.empty,
        diff=lambda: views.diff(desk, place, planned.plan),
        carry_out=lambda: _undo(desk, place, planned),
        prepare=lambda: settle(desk, path),
    )


def _undo(desk: Desk, place: Place, planned: UndoPlan) -> Applied:
    from mcpforge.operations.undo import carry_out

    with desk.lock:
        views.check_still(desk, place)
        carry_out(planned)
    changes = planned.plan.changes
    return Applied(
        kind="undo",
        project=place.shown,
        summary="Took the last change back; undoing again redoes it",
        written=[item.path for item in changes if item.action != "delete"],
        deleted=[item.path for item in changes if item.action == "delete"],
        kept=list(planned.kept),
    )


def settle(desk: Desk, path: str) -> None:
    """Put an end to a write that was cut short; raises `ForgeError` when there was one.

    Whatever was planned before is then stale.
    """
    from mcpforge.operations.change import settle as put_in_order

    place = desk.base.locate(path)
    if not journal.pending(place.path):
        return
    desk.base.check_state(place)
    with desk.lock:
        if put_in_order(place.path):
            raise stale()

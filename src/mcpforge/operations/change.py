"""The one movement behind every verb: new answers, two renderings, a plan, its application."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import TYPE_CHECKING

from mcpforge import __version__
from mcpforge.errors import ConflictError, ForgeError
from mcpforge.operations.edit import drop_unused_options
from mcpforge.operations.known import keep_strays, known_answers
from mcpforge.operations.moves import find_places, with_moves
from mcpforge.operations.natives import require_native
from mcpforge.operations.orphans import keep_imported
from mcpforge.operations.removal import check_merged, find_going, keep_used
from mcpforge.operations.thirdparties import check_present, is_current
from mcpforge.project import apply, journal, pristine, thirdparties
from mcpforge.project import lock as locks
from mcpforge.project.changes import Disk, plan_change
from mcpforge.project.files import read_file
from mcpforge.project.plan import Change, Plan, stale_error, with_origins
from mcpforge.project.relocate import Places
from mcpforge.render.components import Past
from mcpforge.render.environment import keep_compiled
from mcpforge.render.project import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mcpforge.answers import Answers
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.project.journal import Recovery
    from mcpforge.project.lock import Lock
    from mcpforge.render.project import Rendered
    from mcpforge.tree import Tree

MARKERS = (b"<<<<<<< ", b">>>>>>> ")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user says of files: where they moved ours to, and what may go with its feature.

    With `reformatted` that is also what they gave another form, and nothing else.
    """

    moved: Mapping[str, str] = field(default_factory=dict)
    reformatted: bool = False


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """A verb's plan for a project: what is written, and what to say about it.

    `updated` names the files that newer templates change, whatever the verb asked for.
    """

    root: Path
    lock: Lock
    answers: Answers
    rendered: Rendered
    plan: Plan
    updated: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()

    @property
    def requirements_changed(self) -> bool:
        """Whether `pyproject.toml` gets other dependencies."""
        return any(change.path == "pyproject.toml" for change in self.plan.changes)


def open_project(start: Path) -> tuple[Path, Lock]:
    """Return the root and the lock of the project that a folder belongs to, ready to be changed.

    Raises `ForgeError` outside a project, for a lock from a newer mcpforge, and while files still
    hold conflict markers.
    """
    root = locks.find(start)
    lock = locks.load(root)
    if _version(lock.version) > _version(__version__):
        raise ForgeError(
            f"This project was last written by mcpforge {lock.version}, this is {__version__}",
            hint=f"Install the newer one: `uv tool install 'mcpforge>={lock.version}'`.",
            code="templates_newer",
        )
    unsettled = [path for path in lock.pending if _has_markers(root / path)]
    if unsettled:
        raise ConflictError(
            f"`{unsettled[0]}` still holds conflict markers",
            hint="Settle them, or take the change back with `mcpforge undo`.",
            code="pending",
        )
    return root, lock


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _has_markers(path: Path) -> bool:
    return path.is_file() and any(
        line.startswith(MARKERS) for line in path.read_bytes().splitlines()
    )


def settle(start: Path) -> Recovery:
    """Put an end to a write that was cut short, before anything is read; returns what was done."""
    try:
        root = locks.find(start)
    except ForgeError:
        root = start
    return apply.settle(root) if journal.pending(root) else ""


def plan_answers(
    root: Path,
    lock: Lock,
    answers: Answers,
    catalog: Catalog,
    *,
    update: bool = True,
    wishes: Wishes | None = None,
) -> ChangePlan:
    """Return the plan that brings a project to other answers, and to the installed templates.

    A project from a Copier template needs
    a catalogue that has a fork of ours in the place of the project's layer. Raises `UsageError` for
    choices that don't go together, `ForgeError` when the templates are newer and `update` is false,
    and `ConflictError` when the user's own code uses what would go.
    """
    if catalog.project.origin is None:
        require_native(lock)
    if not is_current(lock, catalog) and not update:
        raise ForgeError(
            "This project was made with older templates",
            hint="Run `mcpforge update` first, or leave `--no-update` out.",
            code="older_templates",
        )
    check_present(lock, answers, catalog)
    asked = answers
    answers, gone = known_answers(answers, catalog)
    answers = drop_unused_options(answers, catalog)
    rendered = render(answers, catalog, past=_past(lock, catalog))
    keep_compiled()
    lock, stray = keep_strays(lock, asked, rendered.tree, catalog)
    before = cache(partial(_rendered_before, lock, catalog))
    read_pristine = cache(partial(_read_pristine, root, lock, catalog, before))
    places = Places()
    wishes = wishes or Wishes()
    if wishes.moved or _differs(lock, rendered.tree):
        lock = with_moves(root, lock, rendered.tree, wishes.moved, read_pristine)
        places = find_places(root, lock, rendered.tree, read_pristine)
    disk = Disk(
        read=lambda path: read_file(root / path),
        pristine=read_pristine,
        stored=pristine.listed(root),
        places=places,
        reformatted=wishes.reformatted,
    )
    lock, imported = keep_imported(lock, rendered.tree, disk)
    going = find_going(lock, rendered.tree, disk)
    theirs, kept = keep_used(root, lock, rendered.tree, catalog, disk, going)
    new = locks.Lock(
        __version__,
        catalog.hash,
        answers,
        {},
        origin=lock.origin,
        third_parties=thirdparties.recorded(rendered),
    )
    wiring = [
        path
        for path in rendered.tree
        if any(fnmatchcase(path, pattern) for pattern in catalog.project.wiring)
    ]
    plan = plan_change(lock, new, theirs, disk, wiring)
    check_merged(lock, theirs, plan, disk, going)
    notes = (
        *(f"Feature `{item}` is no longer there, it is taken out" for item in gone),
        *stray,
        *imported,
        *kept,
    )
    return ChangePlan(
        root=root,
        lock=lock,
        answers=answers,
        rendered=rendered,
        plan=with_origins(replace(plan, notes=(*notes, *plan.notes)), rendered.origins),
        updated=_updated(lock, catalog, before),
        next_steps=_next_steps(rendered, before),
    )


def _rendered_before(lock: Lock, catalog: Catalog) -> Rendered:
    """Return what the old answers give with these templates."""
    return render(known_answers(lock.answers, catalog)[0], catalog)


def _read_pristine(
    root: Path, lock: Lock, catalog: Catalog, before: Callable[[], Rendered], identifier: str
) -> bytes | None:
    """Return a pristine text: from `base/`, or as the same templates give it (seeds)."""
    content = pristine.read(root, identifier)
    if content is None and is_current(lock, catalog):
        found = (file for file in before().tree.values() if file.id == identifier)
        content = next((file.content for file in found), None)
    return content


def _differs(lock: Lock, tree: Tree) -> bool:
    return any(
        path not in tree or path not in lock.files or tree[path].id != lock.files[path].id
        for path in lock.files.keys() | tree.keys()
    )


def _past(lock: Lock, catalog: Catalog) -> Past | None:
    if not is_current(lock, catalog):
        return None
    return Past(lock.answers, {path: file.id for path, file in lock.files.items()})


def _next_steps(rendered: Rendered, before: Callable[[], Rendered]) -> tuple[str, ...]:
    """Return the commands that the features call for which were not there before."""
    steps = rendered.slots.next_steps
    known = before().slots.next_steps if steps else ()
    return tuple(step for step in steps if step not in known)


def _updated(lock: Lock, catalog: Catalog, before: Callable[[], Rendered]) -> tuple[str, ...]:
    """Return the files that the newer templates change for the old answers."""
    if is_current(lock, catalog):
        return ()
    old = before().tree
    paths = sorted(lock.files.keys() | old.keys())
    return tuple(
        path
        for path in paths
        if (lock.files[path].id if path in lock.files else "")
        != (old[path].id if path in old else "")
    )


def carry_out(change: ChangePlan, *, markers: bool = False) -> None:
    """Apply a plan: all of it or nothing.

    Raises `ConflictError` when there are clashes: without `markers` nothing was written then, with
    them everything was, and the clashing files hold conflict markers. Raises `ForgeError` when
    somebody else changed the project since its lock was read.
    """
    plan = change.plan
    _check_lock(change.lock, plan)
    if not plan.clashes:
        apply.apply(change.root, plan)
        return
    first = plan.clashes[0]
    unmarkable = [clash for clash in plan.clashes if clash.marked is None]
    if not markers:
        ways = "" if unmarkable else " See `--diff`; `--conflicts=markers` writes markers."
        raise ConflictError(
            f"`{first.path}` can't be merged: {first.reason}", hint=f"Nothing was written.{ways}"
        )
    if unmarkable:
        raise ConflictError(
            f"`{unmarkable[0].path}` can't even get markers: {unmarkable[0].reason}",
            hint="Nothing was written.",
        )
    apply.apply(change.root, _with_markers(change))
    names = ", ".join(f"`{clash.path}`" for clash in plan.clashes)
    raise ConflictError(
        f"Conflict markers were written to {names}",
        hint="Settle them and go on, or take everything back with `mcpforge undo`.",
        code="markers",
    )


def _check_lock(lock: Lock, plan: Plan) -> None:
    """Refuse a plan whose answers were read before, and whose files after another was applied."""
    for state in plan.state:
        if state.path == locks.PATH and lock.id and state.before != lock.id:
            raise stale_error(state.path)


def _with_markers(change: ChangePlan) -> Plan:
    plan = change.plan
    marked = tuple(
        Change(clash.path, "update", clash.before, clash.marked or b"") for clash in plan.clashes
    )
    last = plan.state[-1]
    import tomllib

    lock = locks.parse(tomllib.loads(last.content.decode()))
    pending = replace(lock, pending=tuple(clash.path for clash in plan.clashes))
    state = (*plan.state[:-1], replace(last, content=locks.dump(pending).encode()))
    return Plan((*plan.changes, *marked), state, plan.notes)

"""`mcpforge update` of a project from a Copier template: a newer version, merged by our merge."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mcpforge import __version__
from mcpforge.errors import UsageError
from mcpforge.foreign.models import Job
from mcpforge.operations.change import ChangePlan
from mcpforge.operations.foreign import (
    guarded,
    made_by_copier,
    notes_of,
    origin_of,
    place_of,
    rendered_of,
    require_foreign,
    told_answers,
)
from mcpforge.operations.migrations import Migration, plan_migrated
from mcpforge.project import lock as locks
from mcpforge.project import pristine
from mcpforge.project.changes import Disk, plan_change
from mcpforge.project.files import read_file, read_known
from mcpforge.project.plan import locked_files
from mcpforge.tree import File, LazyFile, blob_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.foreign.models import Produced
    from mcpforge.operations.foreign import Wish
    from mcpforge.project.lock import Lock
    from mcpforge.project.origin import Origin
    from mcpforge.project.plan import Change, Plan
    from mcpforge.tree import Tree


def plan_update(
    root: Path, lock: Lock, wish: Wish, catalog: Catalog, say: Callable[[str], None]
) -> tuple[ChangePlan, Origin]:
    """Return the plan that brings a project to another version of its template, or other answers.

    Beside it stands the version that it will be: without a `ref` the newest tag. What the template
    excludes, and what it writes only where it is missing (`_skip_if_exists`), stays as it is. Where
    `copier update` was run meanwhile, that is where it goes on from. Raises what `produce` raises.
    """
    origin = require_foreign(lock)
    told = read_answers(root, origin.answers_file)
    known = {key: value for key, value in told.items() if not key.startswith("_")}
    job = Job(
        source=wish.source or origin.source,
        destination=str(root),
        ref=wish.ref,
        told=wish.source or str(told.get("_src_path") or ""),
        given=wish.data or {},
        last={**known, **origin.answers, **known},
        operation="update",
        commit=origin.commit if wish.keep else "",
        trust=wish.trust,
        interactive=wish.interactive,
        project=str(root),
        known_version=origin.version,
        known_commit=origin.commit,
        known_secrets=origin.secrets,
        older=bool(wish.ref or wish.source or wish.keep),
    )
    said = str(told.get("_commit") or "")
    held: dict[str, bytes] = {}
    if said and said != origin.commit and not (origin.slots or wish.keep):
        lock, job, held = _caught_up(lock, job, said, say)
    produced = made_by_copier(job, say)
    place = place_of(wish.source) if wish.source else origin.source
    ref = origin.ref if wish.keep else wish.ref
    lock = adopt_answers(root, lock)
    if origin.slots:
        from mcpforge.operations.forks import plan_produced

        return plan_produced(root, lock, produced, catalog, place, ref)

    def read_pristine(identifier: str) -> bytes | None:
        return held.get(identifier) or pristine.read(root, identifier)

    theirs = _with_kept(lock, guarded(produced.tree), produced, read_pristine)
    new = locks.Lock(
        __version__,
        "",
        told_answers(root.name, produced.real),
        {},
        origin=origin_of(produced, place, ref),
    )
    disk = Disk(
        read=lambda path: (
            read_known(root / path, lock.files[path].id)
            if path in lock.files
            else read_file(root / path)
        ),
        pristine=read_pristine,
        stored=pristine.listed(root),
    )
    if produced.unsafe.migrations:
        migration = Migration(job, produced, say, read_pristine)
        plan = plan_migrated(root, lock, new, theirs, migration)
    else:
        plan = plan_change(lock, new, theirs, disk, ())
    plan = revealed(plan, produced)
    notes = () if told else notes_of(produced)
    change = ChangePlan(
        root=root,
        lock=lock,
        answers=new.answers,
        rendered=rendered_of(produced.real, catalog),
        plan=replace(plan, notes=(*notes, *plan.notes)),
    )
    return change, origin_of(produced, place, ref)


def read_answers(root: Path, path: str) -> dict[str, Any]:
    """Return what Copier's answers file holds: it may be newer than ours, by `copier update`.

    Raises `UsageError` for one that is no YAML.
    """
    content = read_file(root / path) if path else None
    if content is None:
        return {}
    import yaml

    try:
        loaded = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f" in line {line + 1}" if line is not None else ""
        raise UsageError(
            f"`{path}` is no YAML{where}",
            hint="Put it right, or delete it: mcpforge remembers the answers itself.",
            code="bad_answers",
        ) from None
    return loaded if isinstance(loaded, dict) else {}


def adopt_answers(root: Path, lock: Lock) -> Lock:
    """Take Copier's answers file as it is for ours: what it says was read, so nothing is lost."""
    path = lock.origin.answers_file if lock.origin else ""
    content = read_file(root / path) if path in lock.files else None
    if content is None:
        return lock
    file = replace(lock.files[path], id=blob_id(content))
    return replace(lock, files={**lock.files, path: file})


def _caught_up(
    lock: Lock, job: Job, commit: str, say: Callable[[str], None]
) -> tuple[Lock, Job, dict[str, bytes]]:
    """Return lock, job and pristine texts for a project that `copier update` brought elsewhere.

    What Copier made of the answers at that commit is what the user's files are compared with.
    """
    made = made_by_copier(
        replace(job, commit=commit, ref="", given={}, interactive=False, older=True), say
    )
    tree = guarded(made.tree)
    lock = replace(lock, files=locked_files(tree))
    job = replace(job, known_version=made.version, known_commit=made.commit)
    return lock, job, {file.id: file.content for file in tree.values()}


def _with_kept(
    lock: Lock, tree: Tree, produced: Produced, read_pristine: Callable[[str], bytes | None]
) -> Tree:
    """Return the new tree with the files that the template leaves alone in a project."""
    kept = dict(tree)
    for path in (*produced.left_out, *produced.once):
        locked = lock.files.get(path)
        if locked:
            content = partial(_content, read_pristine, locked.id)
            kept[path] = LazyFile(locked.id, content, locked.ownership)
    return dict(sorted(kept.items()))


def _content(read_pristine: Callable[[str], bytes | None], identifier: str) -> bytes:
    return read_pristine(identifier) or b""


def revealed(plan: Plan, produced: Produced) -> Plan:
    """Return the plan with the answers to secret questions in the files of the template alone.

    Where the user's text and the template's were merged, the user's own secrets are there already.
    """
    return replace(plan, changes=tuple(_revealed(change, produced) for change in plan.changes))


def _revealed(change: Change, produced: Produced) -> Change:
    public, real = _files(produced.tree, produced.real, change.path)
    if not (public and real) or public.content == real.content:
        return change
    return replace(change, content=real.content) if change.content == public.content else change


def _files(first: Mapping[str, File], second: Mapping[str, File], path: str) -> Any:
    return first.get(path), second.get(path)

"""The only writer of project files: staged, checked, replaced one by one, or rolled back."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.project import journal
from mcpforge.project.files import (
    check_inside,
    is_known_link,
    mode_over,
    new_folders,
    prune,
    read_present,
    umask,
    write_file,
)
from mcpforge.project.guards import readable_errors, signals_as_errors
from mcpforge.project.lock import FOLDER
from mcpforge.project.plan import stale, stale_error
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from mcpforge.project.journal import Recovery
    from mcpforge.project.plan import Change, Plan

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


def create(root: Path, plan: Plan) -> None:
    """Write a new project: beside its place first, then moved there by one rename.

    A folder that is already there (empty, or with nothing but `.git`) is filled in place, with a
    journal. Raises `ForgeError` when the place is taken, can't be written or the disk is full; then
    nothing was changed.
    """
    settle(root)
    # Asked first: a folder that another `new` moves here meanwhile is then found taken.
    there = root.is_dir()
    check_free(root)
    if there:
        apply(root, plan)
        return
    with readable_errors(root), signals_as_errors():
        made: list[Path] = []
        try:
            _make_parents(root, made)
            _create_beside(root, plan)
        except BaseException:
            for folder in reversed(made):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise


def _create_beside(root: Path, plan: Plan) -> None:
    stage = None
    with contextlib.ExitStack() as held:
        try:
            # While this holds the parent, whoever made a stage holds that too, or is gone.
            with journal.exclusive(root.parent) as alone:
                _sweep(root, alone=alone)
                stage = Path(tempfile.mkdtemp(prefix=_prefix(root.name), dir=root.parent))
                held.enter_context(journal.writer(stage))
            for change in plan.written:
                write_file(stage, change)
            journal.remember_new(stage, {c.path: blob_id(c.content) for c in plan.written})
            stage.chmod(0o777 & ~umask())
            _move(stage, root)
        except BaseException:
            if stage:
                shutil.rmtree(stage, ignore_errors=True)
            raise


def _move(stage: Path, root: Path) -> None:
    try:
        stage.rename(root)
    except OSError as error:
        if error.errno in _TAKEN:
            raise ForgeError(f"`{root}` came into being meanwhile", code="not_empty") from None
        raise


def discard(root: Path, keep: frozenset[str] | None) -> None:
    """Take back a project that `create` has just made; `keep` is what its folder held before.

    None means that there was no folder.
    """
    if keep is None:
        shutil.rmtree(root, ignore_errors=True)
        return
    for path in list(root.iterdir()):
        if path.name in keep:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def contents(root: Path) -> frozenset[str] | None:
    """Return the names in a folder, or None where there is none."""
    with readable_errors(root):
        return frozenset(path.name for path in root.iterdir()) if root.is_dir() else None


def occupied(root: Path) -> str:
    """Return the name of something that stands in the way of a new project, or nothing."""
    with readable_errors(root):
        if not root.is_dir():
            return root.name if os.path.lexists(root) else ""
        return min((path.name for path in root.iterdir() if path.name != ".git"), default="")


def settle(root: Path) -> Recovery:
    """Put an end to an apply that was cut short, and say how; every writing verb does it first."""
    outcome: Recovery = ""
    with readable_errors(root), signals_as_errors():
        if (root / journal.LOCAL).is_dir():
            with journal.writer(root):
                outcome = journal.recover(root)
                if _is_left_over(root):
                    shutil.rmtree(root / journal.LOCAL)
        if _is_left_over(root):
            (root / FOLDER).rmdir()
    return outcome


def _is_left_over(root: Path) -> bool:
    """Whether a folder holds only what an apply leaves that was cut short in an empty one."""
    state = root / FOLDER
    if not state.is_dir() or state.is_symlink():
        return False
    beside = {path.name for path in root.iterdir()} - {".git", state.name}
    return not beside and {path.name for path in state.iterdir()} <= {"local"}


def check_free(root: Path) -> None:
    """Raise `ForgeError` where something stands in the way of a new project."""
    taken = occupied(root)
    if taken:
        raise ForgeError(
            f"`{root}` is not empty: it holds `{taken}`"
            if root.is_dir()
            else f"`{root}` is already there, and no folder",
            hint="Choose another folder; `mcpforge add` changes a project that is already there.",
            code="not_empty",
        )


def apply(root: Path, plan: Plan) -> None:
    """Apply a plan to a folder: all of it or, after any exception or signal, nothing.

    Raises `ForgeError` when files have changed since the plan was made, a path leaves the folder,
    or the disk refuses; the folder is then as it was.
    """
    with readable_errors(root), signals_as_errors():
        had_state = (root / journal.LOCAL).is_dir()
        try:
            with journal.writer(root):
                try:
                    journal.recover(root)
                    _check(root, plan.written, plan)
                    _replace_all(root, plan.written)
                except BaseException:
                    if not (had_state or journal.pending(root)):
                        shutil.rmtree(root / journal.LOCAL, ignore_errors=True)
                    raise
        except BaseException:
            for name in (journal.LOCAL, FOLDER):
                with contextlib.suppress(OSError):
                    (root / name).rmdir()
            raise


def _check(root: Path, changes: tuple[Change, ...], plan: Plan) -> None:
    for change in changes:
        known = is_known_link(root / change.path, change.before)
        check_inside(root, change.path, link=change.link or known)
    present = {change.path: read_present(root, change) for change in changes}
    changed = stale(plan, present)
    if changed:
        raise stale_error(changed[0])


def _replace_all(root: Path, changes: tuple[Change, ...]) -> None:
    # What goes makes room first: a folder may become a file, or a link a folder. The journal has
    # this order too, and goes back the other way.
    changes = tuple(sorted(changes, key=lambda change: change.action != "delete"))
    _stage(root, changes)
    try:
        for number, change in enumerate(changes):
            _replace(root, change, root / journal.LOCAL / "stage" / str(number))
        prune(root, (change.path for change in changes if change.action == "delete"))
        journal.finish(root)
    except BaseException:
        journal.restore(root)
        raise


def _stage(root: Path, changes: tuple[Change, ...]) -> None:
    """Put the new contents and copies of the old ones aside, and note it all in the journal."""
    local = journal.folder(root)
    for name in ("stage", journal.BEFORE):
        shutil.rmtree(local / name, ignore_errors=True)
        (local / name).mkdir(mode=0o700)
    entries = []
    for number, change in enumerate(changes):
        target = root / change.path
        saved = ""
        if target.is_symlink() or target.is_file():
            saved = str(number)
            shutil.copy2(target, local / journal.BEFORE / saved, follow_symlinks=False)
        if change.action != "delete":
            write_file(local / "stage", change, name=str(number))
        after = "" if change.action == "delete" else blob_id(change.content)
        entries.append(journal.Entry(change.path, saved, after))
    folders = new_folders(root, changes)
    journal.write(root, entries, folders)


def _replace(root: Path, change: Change, staged: Path) -> None:
    target = root / change.path
    if change.action == "delete":
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file() and not (change.link or target.is_symlink()):
        staged.chmod(mode_over(target.stat().st_mode & 0o777, change))
    try:
        journal.put(staged, target)
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        raise ForgeError(
            f"`{change.path}` is a folder with files of yours, and is to become a file",
            hint="Nothing was changed; move the folder elsewhere.",
            code="in_the_way",
        ) from None


def _prefix(name: str) -> str:
    return f".{name}.mcpforge-"


def _sweep(root: Path, *, alone: bool) -> None:
    """Remove what a killed `new` left beside this place; one that still runs holds its lock."""
    with contextlib.suppress(PermissionError):  # a folder may be writable and not readable
        for left in list(root.parent.iterdir()):
            if left.name.startswith(_prefix(root.name)) and left.is_dir():
                begun = (left / journal.LOCAL / journal.LOCK).exists()
                if journal.is_free(left) if begun else alone:
                    shutil.rmtree(left, ignore_errors=True)


def _make_parents(root: Path, made: list[Path]) -> None:
    """Make the folders above a place and add them to `made`, the outermost first."""
    missing = []
    for folder in root.parents:
        if folder.is_dir():
            break
        if os.path.lexists(folder):
            raise ForgeError(
                f"`{folder}` is no folder, so nothing can be written below it",
                hint="Choose another folder.",
                code="not_writable",
            )
        missing.append(folder)
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        made.append(folder)

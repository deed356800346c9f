"""The only writer of project files: staged, checked, replaced one by one, rolled back on failure."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.project import journal
from mcpforge.project.plan import stale
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from mcpforge.project.plan import Change, Plan


def create(root: Path, plan: Plan) -> None:
    """Write a new project: beside its place first, then moved there by one rename.

    A folder that is already there (empty, or with nothing but `.git`) is filled in place, with a
    journal. Raises `ForgeError` when the place is taken, can't be written or the disk is full; then
    nothing was changed.
    """
    taken = occupied(root)
    if taken:
        raise ForgeError(
            f"`{root}` is not empty: it holds `{taken}`",
            hint="Choose another folder; `mcpforge add` changes a project that is already there.",
            code="not_empty",
        )
    if root.is_dir():
        apply(root, plan)
        return
    parent = root.parent
    with _readable_errors(root), _signals_as_errors():
        new_parents = _make_parents(parent)
        try:
            _sweep(parent, root.name)
            stage = Path(tempfile.mkdtemp(prefix=_prefix(root.name), dir=parent))
            try:
                with journal.writer(stage):
                    for change in (*plan.changes, *plan.state):
                        _write(stage, change)
                    stage.chmod(0o777 & ~_umask())
                    stage.rename(root)
            except BaseException:
                shutil.rmtree(stage, ignore_errors=True)
                raise
        except BaseException:
            for folder in reversed(new_parents):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise


def discard(root: Path, keep: frozenset[str] | None) -> None:
    """Take back a project that `create` has just made; `keep` is what its folder held before.

    None means that there was no folder.
    """
    if keep is None:
        shutil.rmtree(root, ignore_errors=True)
        return
    for name in set(os.listdir(root)) - keep:
        path = root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def occupied(root: Path) -> str:
    """Return the name of something that stands in the way of a new project, or nothing."""
    if root.is_symlink() and not root.exists():
        return root.name
    if root.is_file():
        return root.name
    if not root.is_dir():
        return ""
    try:
        return next((name for name in sorted(os.listdir(root)) if name != ".git"), "")
    except PermissionError:
        raise _refused(root) from None


def apply(root: Path, plan: Plan) -> None:
    """Apply a plan to a folder: all of it or, after any exception or signal, nothing.

    Raises `ForgeError` when files have changed since the plan was made, a path leaves the folder,
    or the disk refuses; the folder is then as it was.
    """
    changes = (*plan.changes, *plan.state)
    with _readable_errors(root), _signals_as_errors():
        had_state = (root / journal.LOCAL).is_dir()
        try:
            with journal.writer(root):
                if journal.pending(root):
                    journal.restore(root)
                for change in changes:
                    _check_inside(root, change.path)
                changed = stale(plan, {change.path: _read(root / change.path) for change in changes})
                if changed:
                    raise ForgeError(
                        f"`{changed[0]}` has changed since the plan was made",
                        hint="Run the command again.",
                        code="stale",
                    )
                _replace_all(root, changes)
        except BaseException:
            if not had_state:
                _remove_empty_state(root)
            raise


def _replace_all(root: Path, changes: tuple[Change, ...]) -> None:
    local = journal.folder(root)
    for name in ("stage", "undo"):
        shutil.rmtree(local / name, ignore_errors=True)
        (local / name).mkdir(mode=0o700)
    entries = []
    for number, change in enumerate(changes):
        target = root / change.path
        saved = ""
        if target.is_file():
            saved = str(number)
            shutil.copy2(target, local / "undo" / saved)
        if change.action != "delete":
            _write(local / "stage", change, name=str(number))
        after = "" if change.action == "delete" else blob_id(change.content)
        entries.append(journal.Entry(change.path, saved, after))
    folders = _new_folders(root, changes)
    journal.write(root, entries, folders)
    try:
        for number, change in enumerate(changes):
            target = root / change.path
            if change.action == "delete":
                target.unlink(missing_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = local / "stage" / str(number)
            if target.is_file():
                staged.chmod(target.stat().st_mode & 0o777)
            staged.replace(target)
    except BaseException:
        journal.restore(root)
        raise
    journal.clear(root)


def _write(root: Path, change: Change, name: str = "") -> None:
    path = root / (name or change.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(change.content)
    if change.executable:
        path.chmod(path.stat().st_mode | 0o111 & ~_umask())


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _new_folders(root: Path, changes: tuple[Change, ...]) -> list[str]:
    found: dict[str, None] = {}
    for change in changes:
        for parent in reversed(PurePosixPath(change.path).parents):
            if parent.name and not (root / parent).exists():
                found[parent.as_posix()] = None
    return list(found)


def _check_inside(root: Path, path: str) -> None:
    pure = PurePosixPath(path)
    inside = not pure.is_absolute() and ".." not in pure.parts and bool(pure.parts)
    real = root.resolve()
    if not inside or real not in (root / path).resolve().parents or (root / path).is_symlink():
        raise ForgeError(
            f"`{path}` leads out of the project",
            hint="mcpforge writes no file through a symbolic link.",
            code="outside",
        )


def _prefix(name: str) -> str:
    return f".{name}.mcpforge-"


def _sweep(parent: Path, name: str) -> None:
    """Remove what a killed `new` left beside this place; one that still runs holds its lock."""
    for left in parent.glob(f"{_prefix(name)}*"):
        if left.is_dir() and (left / journal.LOCAL).is_dir() and journal.is_free(left):
            shutil.rmtree(left, ignore_errors=True)


def _make_parents(parent: Path) -> list[Path]:
    missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    parent.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _remove_empty_state(root: Path) -> None:
    with contextlib.suppress(OSError):
        if not journal.pending(root):
            shutil.rmtree(root / journal.LOCAL)
            (root / journal.FOLDER).rmdir()


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _refused(root: Path) -> ForgeError:
    return ForgeError(
        f"`{root}` can't be written: permission denied",
        hint="Choose a folder of your own.",
        code="not_writable",
    )


@contextlib.contextmanager
def _readable_errors(root: Path) -> Iterator[None]:
    """Turn errors of the operating system into one sentence."""
    try:
        yield
    except PermissionError:
        raise _refused(root) from None
    except FileExistsError:
        raise ForgeError(f"`{root}` came into being meanwhile", code="not_empty") from None
    except NotADirectoryError as error:
        raise ForgeError(
            f"`{error.filename}` is a file, so nothing can be written below it",
            hint="Choose another folder.",
            code="not_writable",
        ) from None
    except OSError as error:
        raise ForgeError(
            f"`{root}` can't be written: {(error.strerror or str(error)).lower()}",
            hint="Nothing was changed; make room or choose another folder.",
            code="not_writable",
        ) from None


@contextlib.contextmanager
def _signals_as_errors() -> Iterator[None]:
    """Let SIGTERM and SIGHUP undo what was begun, as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    caught = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(ValueError):  # not the main thread
            caught[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in caught.items():
            signal.signal(number, handler)

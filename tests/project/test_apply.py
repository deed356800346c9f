"""Writing: all of a plan or nothing of it, whatever the disk says."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from faults import WRITES, Failing, count_writes
from mcpforge.errors import ForgeError
from mcpforge.project import apply, journal
from mcpforge.project.plan import Change, Plan
from mcpforge.tree import blob_id
from processes import everything, files

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW = Plan(
    changes=(
        Change("README.md", "create", "", b"read me\n"),
        Change("src/pkg/a.py", "create", "", b"a = 1\n"),
        Change("run.sh", "create", "", b"#!/bin/sh\n", executable=True),
    ),
    state=(Change(".mcpforge/lock.toml", "create", "", b"schema = 1\n"),),
)
CHANGES = Plan(
    changes=(
        Change("README.md", "update", blob_id(b"read me\n"), b"read this\n"),
        Change("src/pkg/a.py", "delete", blob_id(b"a = 1\n"), b""),
        Change("src/new/b.py", "create", "", b"b = 2\n"),
    ),
    state=(Change(".mcpforge/lock.toml", "update", blob_id(b"schema = 1\n"), b"schema = 1 # 2\n"),),
)
BEFORE = {change.path: change.content for change in (*NEW.changes, *NEW.state)}
AFTER = {
    "README.md": b"read this\n",
    "run.sh": b"#!/bin/sh\n",
    "src/new/b.py": b"b = 2\n",
    ".mcpforge/lock.toml": b"schema = 1 # 2\n",
}


def project_files(root: Path) -> dict[str, bytes]:
    return {path: data for path, data in files(root).items() if not path.startswith(journal.LOCAL)}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    apply.create(root, NEW)
    return root


PLACES = ("fresh", "deep", "empty", "git")


def make_place(above: Path, kind: str) -> Path:
    """Return a place for a project: free, below a new folder, an empty folder, one with `.git`."""
    root = above / "work" / "p"
    above.mkdir()
    match kind:
        case "fresh":
            root.parent.mkdir()
        case "empty":
            root.mkdir(parents=True)
        case "git":
            (root / ".git").mkdir(parents=True)
    return root


def refused(root: Path, plan: Plan = NEW) -> ForgeError:
    """Return why a project is refused, and see to it that nothing was changed."""
    above = next(folder for folder in root.parents if folder.is_dir())
    before = everything(above)
    with pytest.raises(ForgeError) as caught:
        apply.create(root, plan)
    assert everything(above) == before
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("kind", PLACES)
def test_a_new_project(tmp_path: Path, kind: str) -> None:
    place = make_place(tmp_path / "above", kind)
    apply.create(place, NEW)
    assert project_files(place) == BEFORE
    assert not journal.pending(place)
    assert [path.name for path in place.parent.iterdir()] == ["p"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_modes_follow_the_umask(tmp_path: Path, mask: int) -> None:
    old = os.umask(mask)
    try:
        apply.create(tmp_path / "p", NEW)
    finally:
        os.umask(old)
    mode = {
        name: stat.S_IMODE((tmp_path / "p" / name).stat().st_mode)
        for name in ("", "README.md", "run.sh", "src/pkg", ".mcpforge/local")
    }
    assert mode == {
        "": 0o777 & ~mask,
        "README.md": 0o666 & ~mask,
        "run.sh": 0o777 & ~mask,
        "src/pkg": 0o777 & ~mask,
        ".mcpforge/local": 0o700,
    }


def test_changes_are_applied(project: Path) -> None:
    apply.apply(project, CHANGES)
    assert project_files(project) == AFTER


def test_the_mode_of_a_file_is_kept(project: Path) -> None:
    (project / "README.md").chmod(0o751)
    apply.apply(project, CHANGES)
    assert stat.S_IMODE((project / "README.md").stat().st_mode) == 0o751


@pytest.mark.parametrize(
    ("path", "content"),
    [("README.md", b"mine\n"), ("src/new/b.py", b"mine\n"), ("src/pkg/a.py", None)],
)
def test_a_stale_plan_is_refused(project: Path, path: str, content: bytes | None) -> None:
    target = project / path
    if content is None:
        target.unlink()
    else:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
    before = project_files(project)
    with pytest.raises(ForgeError) as caught:
        apply.apply(project, CHANGES)
    assert caught.value.code == "stale"
    assert project_files(project) == before


@pytest.mark.parametrize("path", ["../x", "/tmp/x", "a/../../x", "", "link/x", "link", "up"])
def test_no_path_leads_out(project: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").mkdir()
    (project / "link").symlink_to(tmp_path / "outside")
    (project / "up").symlink_to("nowhere")
    before = everything(tmp_path)
    with pytest.raises(ForgeError) as caught:
        apply.apply(project, Plan((Change(path, "create", "", b"x"),), ()))
    assert caught.value.code == "outside"
    assert everything(tmp_path) == before


def test_state_behind_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / ".mcpforge").symlink_to(tmp_path / "outside")
    with pytest.raises(ForgeError) as caught:
        apply.apply(tmp_path / "p", CHANGES)
    assert caught.value.code == "outside"
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "notes.txt").write_text("mine")
    error = refused(tmp_path / "p")
    assert (error.code, "notes.txt" in error.message) == ("not_empty", True)


def test_a_project_that_is_there(project: Path) -> None:
    assert refused(project).code == "not_empty"


@pytest.mark.parametrize("kind", ["file", "dangling", "loop", "fifo"])
def test_something_in_the_way(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "p"
    match kind:
        case "file":
            root.write_text("mine")
        case "dangling":
            root.symlink_to(tmp_path / "nowhere")
        case "loop":
            root.symlink_to(root)
        case _:
            os.mkfifo(root)
    assert refused(root).code in ("not_empty", "not_writable")


@pytest.mark.parametrize("tail", ["p", "a/b/p"])
@pytest.mark.parametrize("kind", ["file", "dangling"])
def test_a_path_through_something_else(tmp_path: Path, kind: str, tail: str) -> None:
    way = tmp_path / "way"
    if kind == "file":
        way.write_text("mine")
    else:
        way.symlink_to(tmp_path / "nowhere")
    error = refused(way / tail)
    assert "way` is no folder" in error.message


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    assert "too long" in refused(tmp_path / ("x" * 300)).message
    assert "too long" in refused(tmp_path / "deep" / ("x" * 300)).message


def test_parents_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    apply.create(tmp_path / "link" / "a" / "p", NEW)
    assert project_files(tmp_path / "real" / "a" / "p") == BEFORE


def test_the_place_itself_may_be_a_link_to_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    apply.create(tmp_path / "link", NEW)
    assert project_files(tmp_path / "real") == BEFORE
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EACCES, KeyboardInterrupt(), signal.SIGTERM])
def test_a_fault_at_any_write_leaves_nothing(
    tmp_path: Path, kind: str, fault: int | BaseException
) -> None:
    with count_writes() as writes:
        apply.create(make_place(tmp_path / "count", kind), NEW)
    assert len(writes) > 10
    failed = 0
    for nth in range(len(writes)):
        place = make_place(tmp_path / str(nth), kind)
        before = everything(tmp_path / str(nth))
        with Failing(nth, fault):
            try:
                apply.create(place, NEW)
            except (ForgeError, KeyboardInterrupt):
                failed += 1
                assert everything(tmp_path / str(nth)) == before, f"failed at {writes[nth]}"
                continue
        assert project_files(place) == BEFORE, f"passed over {writes[nth]}"
    assert failed > len(writes) / 2


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), MemoryError()]
)
def test_an_error_at_any_write_leaves_the_old_project(project: Path, error: BaseException) -> None:
    with count_writes() as writes:
        apply.apply(project, CHANGES)
    undo = Plan(
        changes=(
            Change("README.md", "update", blob_id(b"read this\n"), b"read me\n"),
            Change("src/pkg/a.py", "create", "", b"a = 1\n"),
            Change("src/new/b.py", "delete", blob_id(b"b = 2\n"), b""),
        ),
        state=(
            Change(".mcpforge/lock.toml", "update", blob_id(b"schema = 1 # 2\n"), b"schema = 1\n"),
        ),
    )
    apply.apply(project, undo)
    forgotten = 0
    for nth in range(len(writes)):
        remembered = journal.last(project)
        with Failing(nth, error):
            try:
                apply.apply(project, CHANGES)
            except (ForgeError, KeyboardInterrupt, MemoryError):
                assert project_files(project) == BEFORE, f"failed at {writes[nth]}"
                forgotten += journal.last(project) != remembered
                for entry in journal.last(project) or []:
                    assert journal.saved_content(project, entry) is not None or not entry.saved
                continue
        assert project_files(project) == AFTER
        apply.apply(project, undo)
    assert forgotten <= 3, "only what fails after the last file was written forgets the undo"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_handlers_are_put_back(tmp_path: Path, number: signal.Signals) -> None:
    old = signal.getsignal(number)
    apply.create(tmp_path / "p", NEW)
    assert signal.getsignal(number) is old


def test_a_rollback_that_fails_is_finished_by_the_next_writer(tmp_path: Path) -> None:
    apply.create(tmp_path / "count", NEW)
    with count_writes() as writes:
        apply.apply(tmp_path / "count", CHANGES)
    last = len(writes) - 1
    unfinished = 0
    for again in range(12):
        root = tmp_path / str(again)
        apply.create(root, NEW)
        with Failing(last, KeyboardInterrupt(), again=again), contextlib.suppress(BaseException):
            apply.apply(root, CHANGES)
        unfinished += journal.pending(root)
        completed = apply.settle(root) == "completed"
        assert project_files(root) == (AFTER if completed else BEFORE), again
        assert not journal.pending(root)
    assert unfinished >= 4


def test_one_writer_at_a_time(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "WAIT_SECONDS", 0.2)
    with journal.writer(project), pytest.raises(ForgeError) as caught:
        apply.apply(project, CHANGES)
    assert caught.value.code == "locked"
    assert project_files(project) == BEFORE
    apply.apply(project, CHANGES)
    assert project_files(project) == AFTER


def test_who_waits_does_not_take_the_state_of_who_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "WAIT_SECONDS", 0.1)
    with journal.writer(tmp_path):
        (tmp_path / journal.LOCAL / "stage").mkdir()
        monkeypatch.setattr(Path, "is_dir", lambda _path: False)  # as seen just before it began
        with pytest.raises(ForgeError):
            apply.apply(tmp_path, NEW)
        monkeypatch.undo()
        assert (tmp_path / journal.LOCAL / "stage").is_dir()


def test_a_writer_goes_on_when_another_is_done(project: Path) -> None:
    started = threading.Event()

    def hold() -> None:
        with journal.writer(project):
            started.set()
            time.sleep(0.2)

    other = threading.Thread(target=hold)
    other.start()
    started.wait()
    apply.apply(project, CHANGES)
    other.join()
    assert project_files(project) == AFTER


@pytest.mark.parametrize(
    "left", ["", ".mcpforge", ".mcpforge/local", ".mcpforge/local/writer.lock"]
)
def test_leftovers_of_a_killed_new_are_swept(tmp_path: Path, left: str) -> None:
    stage = tmp_path / ".p.mcpforge-abc"
    if left.endswith("lock"):
        (stage / left).parent.mkdir(parents=True)
        (stage / left).touch()
    else:
        (stage / left).mkdir(parents=True)
    apply.create(tmp_path / "p", NEW)
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_what_another_new_is_writing_is_not_swept(tmp_path: Path) -> None:
    stage = tmp_path / ".p.mcpforge-abc"
    with journal.writer(stage):
        apply.create(tmp_path / "p", NEW)
        assert stage.is_dir()
    (tmp_path / ".other.mcpforge-abc").mkdir()
    apply.create(tmp_path / "q", NEW)
    assert (tmp_path / ".other.mcpforge-abc").is_dir()


@pytest.fixture
def races(tmp_path: Path) -> Iterator[list[str]]:
    """Start several `create` at once into one place; give their outcomes."""
    outcomes: list[str] = []
    barrier = threading.Barrier(4)

    def one() -> None:
        barrier.wait()
        try:
            apply.create(tmp_path / "p", NEW)
        except ForgeError as error:
            outcomes.append(error.code)
        else:
            outcomes.append("created")

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield outcomes


@pytest.mark.parametrize("attempt", range(5))
def test_of_several_at_once_one_wins(races: list[str], tmp_path: Path, attempt: int) -> None:
    assert sorted(races) == ["created", *["not_empty"] * 3], attempt
    assert project_files(tmp_path / "p") == BEFORE
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_project_that_comes_after_the_check_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = apply.check_free

    def check_then_lose(root: Path) -> None:
        check(root)
        monkeypatch.undo()
        apply.create(root, NEW)

    monkeypatch.setattr(apply, "check_free", check_then_lose)
    with pytest.raises(ForgeError) as caught:
        apply.create(tmp_path / "p", NEW)
    assert caught.value.code == "not_empty"
    assert project_files(tmp_path / "p") == BEFORE
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_discard_takes_back_only_what_was_made(tmp_path: Path) -> None:
    root = tmp_path / "p"
    (root / ".git").mkdir(parents=True)
    apply.create(root, NEW)
    (root / "link").symlink_to(tmp_path)
    apply.discard(root, keep=frozenset({".git"}))
    assert [path.name for path in root.iterdir()] == [".git"]
    apply.discard(root, keep=None)
    assert not root.exists()


def test_settling_what_is_in_order_does_nothing(project: Path, tmp_path: Path) -> None:
    before = everything(tmp_path)
    assert apply.settle(project) == ""
    assert apply.settle(tmp_path / "nowhere") == ""
    assert apply.settle(tmp_path) == ""
    assert everything(tmp_path) == before


def test_the_writes_that_are_counted_are_those_that_happen() -> None:
    assert {"replace", "rename", "mkdir", "unlink", "rmdir", "open", "chmod"} <= WRITES

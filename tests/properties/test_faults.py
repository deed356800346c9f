"""Law 6: killed at any instant, a place is as it was or complete, and the next `new` works."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcpforge.project import journal
from processes import SOURCE, everything, files, mcpforge

_FLAGS = ("--no-git", "--yes", "--author", "Ada", "--quiet")
root_only = pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")


def runs(number: int, folders: list[Path], *arguments: str) -> list[int]:
    """Run mcpforge in each folder, ended at the write the folder is named after; 0 ends none."""
    done = subprocess.run(
        [sys.executable, SOURCE / "tests/killer.py", str(number), *folders, "--", *arguments],
        capture_output=True,
        check=True,
        timeout=120,
    )
    return [int(status) for status in done.stdout.split()]


def state(root: Path) -> dict[str, bytes]:
    """Return what a project holds for its owner: everything but local state and secrets."""
    found = files(root)
    return {path: data for path, data in found.items() if not path.startswith(journal.LOCAL)}


def places(above: Path, kind: str, writes: range) -> list[Path]:
    """Make a folder for each of these writes, with a place for a project of its own."""
    made = [above / str(nth) for nth in writes]
    for folder in made:
        folder.mkdir(parents=True)
        if kind != "fresh":
            (folder / "demo").mkdir()
        if kind == "git":
            (folder / "demo" / ".git").mkdir()
    return made


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        *(("fresh", 11), ("empty", 31)),
        pytest.param("fresh", 1, marks=pytest.mark.slow),
        pytest.param("empty", 7, marks=pytest.mark.slow),
        pytest.param("git", 19, marks=pytest.mark.slow),
    ],
)
def test_killed_at_a_write_of_new(tmp_path: Path, kind: str, step: int) -> None:
    arguments = ("new", "demo", *_FLAGS, "--no-env")
    (whole,) = places(tmp_path / "whole", kind, range(1))
    assert runs(0, [whole], *arguments) == [0]
    complete = state(whole / "demo")
    writes = int((tmp_path / "whole" / "writes").read_text())
    folders = places(tmp_path / "killed", kind, range(0, writes - 4, step))
    statuses = runs(signal.SIGKILL, folders, *arguments)
    assert set(statuses) == {-signal.SIGKILL}
    unfinished = [folder for folder in folders if not _is_complete(folder / "demo", complete)]
    assert len(unfinished) > len(folders) / 2
    if kind == "fresh":
        assert [folder for folder in unfinished if (folder / "demo").exists()] == []
    again = runs(0, unfinished, *arguments)
    assert [folder.name for folder, code in zip(unfinished, again, strict=True) if code] == []
    for folder in folders:
        assert state(folder / "demo") == complete, folder.name
        assert [path.name for path in folder.iterdir()] == ["demo"], folder.name


def _is_complete(root: Path, complete: dict[str, bytes]) -> bool:
    return root.is_dir() and state(root) == complete


def test_killed_after_the_last_file_the_project_is_completed(tmp_path: Path) -> None:
    arguments = ("new", "demo", *_FLAGS, "--no-env")
    (whole,) = places(tmp_path / "whole", "empty", range(1))
    runs(0, [whole], *arguments)
    complete = state(whole / "demo")
    writes = int((tmp_path / "whole" / "writes").read_text())
    folders = places(tmp_path / "killed", "empty", range(writes - 12, writes))
    runs(signal.SIGKILL, folders, *arguments)
    roots = [folder / "demo" for folder in folders]
    found = [root for root in roots if journal.pending(root) and _is_complete(root, complete)]
    root = found[0]
    shown = mcpforge("info", "--json", cwd=root)
    assert b'"interrupted": true' in shown.stdout
    assert journal.pending(root), "reading wrote"
    settled = mcpforge("env", "--json", cwd=root)
    assert b'"recovered": "completed"' in settled.stdout
    assert state(root) == complete
    assert not journal.pending(root)


def test_two_new_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcpforge", "new", "demo", *_FLAGS]
    both = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) for _ in range(2)]
    errors = [process.communicate(timeout=60)[1] for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes == [0, 1], errors
    assert b"Traceback" not in b"".join(errors)
    assert mcpforge("info", cwd=tmp_path / "demo").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_in_the_middle(tmp_path: Path, number: signal.Signals) -> None:
    folders = places(tmp_path, "fresh", range(6, 46, 4))
    statuses = runs(number, folders, "new", "deep/demo", *_FLAGS)
    assert statuses.count(130) > 5
    for folder, status in zip(folders, statuses, strict=True):
        assert status in (0, 130, -number)  # before it writes to the project, a signal just ends it
        assert list(folder.iterdir()) == ([] if status else [folder / "deep"])


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """Mount a disk of 96 KiB; far too small for a project."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "none", str(disk)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.decode().strip()}")
    return disk


@root_only
@pytest.mark.parametrize("kind", ["fresh", "empty"])
def test_a_full_disk(small_disk: Path, kind: str) -> None:
    try:
        if kind == "empty":
            (small_disk / "demo").mkdir()
        before = everything(small_disk)
        done = mcpforge("new", "demo", *_FLAGS, "--preset", "standard", cwd=small_disk)
        assert done.returncode == 1
        assert b"no space left on device" in done.stderr
        assert done.stderr.count(b"\n") <= 3
        assert everything(small_disk) == before
    finally:
        subprocess.run(["umount", "--lazy", str(small_disk)], check=True)


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    done = mcpforge("new", "demo", *_FLAGS, cwd=tmp_path, preexec_fn=limit)
    assert done.returncode == 1
    assert b"file too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


@root_only
def test_a_read_only_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    bound = subprocess.run(["mount", "--bind", disk, disk], capture_output=True, check=False)
    if bound.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", disk], check=True)
        done = mcpforge("new", "demo", *_FLAGS, cwd=disk)
        assert done.returncode == 1
        assert b"read-only file system" in done.stderr
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.parametrize("mode", [0o555, 0o000, 0o444])
@pytest.mark.parametrize("target", ["locked/demo", "locked", "locked/a/b"])
def test_a_folder_that_may_not_be_written(tmp_path: Path, mode: int, target: str) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(mode)
    code = f"""
import os, sys
from mcpforge.cli.app import run
os.chdir({str(tmp_path)!r})
arguments = ["new", {target!r}, "--name", "demo", *{_FLAGS!r}]
assert run(["new", "demo", "--dry-run", *{_FLAGS!r}]) == 0  # nobody may not read this checkout
if os.getuid() == 0:  # permissions don't bind root
    os.setgid(65534)
    os.setuid(65534)
sys.exit(int(run(arguments)))
"""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=False, timeout=60
        )
    finally:
        locked.chmod(0o755)
    assert done.returncode == 1, done.stderr
    assert b"permission denied" in done.stderr
    assert list(locked.iterdir()) == []


def test_waiting_for_another_writer_ends_with_a_sentence(tmp_path: Path) -> None:
    assert mcpforge("new", "demo", *_FLAGS, "--preset", "production", cwd=tmp_path).returncode == 0
    root = tmp_path / "demo"
    (root / ".env").unlink(missing_ok=True)
    with journal.writer(root):
        begun = time.monotonic()
        done = mcpforge("env", cwd=root)
    assert done.returncode == 1
    assert b"Another mcpforge is writing" in done.stderr
    assert 4.5 < time.monotonic() - begun < 9

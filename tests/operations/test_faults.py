"""Law 6 for verbs that change a project: killed at any write, two at once, stale, links, locks."""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edit_scripts import EDITS
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.errors import ConflictError, ForgeError
from mcpforge.operations import undo
from mcpforge.operations.change import carry_out, open_project, plan_answers
from mcpforge.project import apply, journal
from operations.projects import add, change, make, remove, tree_of
from processes import SOURCE, mcpforge

if TYPE_CHECKING:
    from pathlib import Path

START = Answers(name="demo", title="Demo", description="A demo.", features=("health",))


def runs(number: int, folders: list[Path], *arguments: str) -> list[int]:
    """Run mcpforge in each folder, ended at the write the folder is named after."""
    done = subprocess.run(
        [sys.executable, SOURCE / "tests/killer.py", str(number), *folders, "--", *arguments],
        cwd=folders[0],
        capture_output=True,
        check=True,
        timeout=120,
    )
    return [int(status) for status in done.stdout.split()]


def said(folder: Path) -> str:
    """Return what the last run in a folder said."""
    return folder.with_name(f"{folder.name}.said").read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with an edit of the user's."""
    root = make(tmp_path / "project" / "0", START)
    server = root / "src" / "demo" / "server.py"
    text = server.read_text(encoding="utf-8")
    server.write_text(text.replace("    mcp = FastMCP(", "    # mine\n    mcp = FastMCP("))
    return root


@pytest.mark.slow
@pytest.mark.parametrize("verb", [("add", "caching"), ("remove", "health")], ids=" ".join)
def test_killed_at_every_write(project: Path, tmp_path: Path, verb: tuple[str, str]) -> None:
    before = tree_of(project)
    whole = shutil.copytree(project, tmp_path / "whole" / "0")
    assert runs(0, [whole], *verb) == [0]
    after = tree_of(whole)
    writes = int((tmp_path / "whole" / "writes").read_text())
    folders = [shutil.copytree(project, tmp_path / "killed" / str(n)) for n in range(writes)]
    assert set(runs(signal.SIGKILL, folders, *verb)) == {-signal.SIGKILL}
    assert any(tree_of(folder) not in (before, after) for folder in folders), "none in the middle"
    pending = [folder for folder in folders if journal.pending(folder)]
    assert set(runs(0, pending, "info")) == {0}
    assert [folder.name for folder in pending if "cut short" not in said(folder)] == []
    assert [folder for folder in folders if journal.pending(folder)] == pending, "reading wrote"
    assert set(runs(0, pending, "set", "title=Demo")) == {0}
    assert [folder.name for folder in pending if "was cut short" not in said(folder)] == []
    for folder in folders:
        assert tree_of(folder) in (before, after), folder.name
    assert set(runs(0, folders, *verb)) == {0}
    assert [folder.name for folder in folders if tree_of(folder) != after] == []


def test_two_at_once_wait_for_each_other(project: Path) -> None:
    commands = [
        [sys.executable, "-m", "mcpforge", "add", feature, "--quiet"]
        for feature in ("caching", "timing")
    ]
    both = [subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE) for command in commands]
    errors = [process.communicate(timeout=60)[1] for process in both]
    assert b"Traceback" not in b"".join(errors)
    ended = zip(("caching", "timing"), both, strict=True)
    done = [feature for feature, process in ended if not process.returncode]
    assert done
    root, lock = open_project(project)
    assert set(done) <= set(lock.answers.features)
    assert plan_answers(root, lock, lock.answers, load()).plan.empty


def test_answers_that_are_older_than_the_files_are_refused(project: Path) -> None:
    """Another `add` comes between the lock being read and the files being read."""
    root, lock = open_project(project)
    change(project, add(START, "caching"))
    late = plan_answers(root, lock, add(lock.answers, "timing"), load())
    before = tree_of(project)
    with pytest.raises(ForgeError, match=r"lock.toml` has changed since"):
        carry_out(late)
    assert tree_of(project) == before


def test_who_waits_too_long_is_told(project: Path) -> None:
    with journal.writer(project):
        done = mcpforge("add", "caching", cwd=project)
    assert done.returncode == 1
    assert b"Another mcpforge is writing" in done.stderr


def test_a_file_changed_between_plan_and_apply(project: Path) -> None:
    root, lock = open_project(project)
    planned = plan_answers(root, lock, add(lock.answers, "caching"), load())
    (project / "pyproject.toml").write_text("changed\n", encoding="utf-8")
    before = tree_of(project)
    with pytest.raises(ForgeError, match=r"`pyproject.toml` has changed since"):
        carry_out(planned)
    assert tree_of(project) == before


def test_a_change_that_fails_leaves_the_undo_of_the_last(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree_of(project)
    change(project, add(START, "caching"))
    replace, calls = apply._replace, []

    def failing(*given: object) -> None:
        calls.append(given)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched, pytest.raises(ForgeError, match="no space left"):
        patched.setattr(apply, "_replace", failing)
        change(project, add(START, "caching", "timing"))
    undo.carry_out(undo.plan_undo(project))
    assert tree_of(project) == before


def test_links_are_not_written_through(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.toml"
    shutil.move(project / "pyproject.toml", outside)
    (project / "pyproject.toml").symlink_to(outside)
    text = outside.read_bytes()
    with pytest.raises(ForgeError, match="leads out of the project"):
        change(project, add(START, "caching"))
    assert outside.read_bytes() == text


def test_a_link_within_the_project_is_called_one(project: Path) -> None:
    (project / "pyproject.toml").rename(project / "real.toml")
    (project / "pyproject.toml").symlink_to("real.toml")
    with pytest.raises(ForgeError, match=r"`pyproject.toml` is a symbolic link"):
        change(project, add(START, "caching"))


def test_markers_are_offered_only_where_they_can_be_written(project: Path) -> None:
    server = project / "src" / "demo" / "server.py"
    server.write_bytes(b"# caf\xe9\n" + server.read_bytes())
    with pytest.raises(ConflictError, match="no UTF-8 text") as refused:
        change(project, add(START, "caching"))
    assert "markers" not in refused.value.hint


def test_a_lock_that_leads_outside(project: Path) -> None:
    lock = project / ".mcpforge" / "lock.toml"
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text.replace('"README.md" =', '"../README.md" ='), encoding="utf-8")
    victim = project.parent / "README.md"
    shutil.copy(project / "README.md", victim)
    with pytest.raises(ForgeError):
        change(project, add(START, "caching"))
    assert victim.exists()


def test_markers_are_written_on_request_and_stop_other_verbs(project: Path) -> None:
    settings = project / "src" / "demo" / "settings.py"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("class Settings(BaseSettings):", "class Settings(Mine):  (("))
    before = tree_of(project)
    root, lock = open_project(project)
    planned = plan_answers(root, lock, add(lock.answers, "caching"), load())
    if not planned.plan.clashes:
        pytest.fail("a file that does not parse was merged")
    with pytest.raises(ConflictError, match=r"settings.py"):
        carry_out(planned)
    assert tree_of(project) == before
    with pytest.raises(ConflictError, match="Conflict markers were written"):
        carry_out(planned, markers=True)
    with pytest.raises(ConflictError, match="still holds conflict markers"):
        open_project(project)
    assert mcpforge("info", cwd=project).returncode == 0
    assert mcpforge("undo", cwd=project).returncode == 0
    assert tree_of(project) == before


def test_two_branches_that_each_added_a_feature(project: Path) -> None:
    def git(*words: str) -> int:
        done = subprocess.run(["git", *words], cwd=project, capture_output=True, check=False)
        return done.returncode

    assert [git("init", "-q", "-b", "main"), git("add", "-A"), git("commit", "-qm", "a")] == [0] * 3
    git("checkout", "-qb", "other")
    change(project, add(START, "caching"))
    git("add", "-A")
    git("commit", "-qm", "b")
    git("checkout", "-q", "main")
    change(project, add(START, "timing"))
    git("add", "-A")
    git("commit", "-qm", "c")
    git("merge", "other")
    lock = project / ".mcpforge" / "lock.toml"
    assert "<<<<<<<" in lock.read_text(encoding="utf-8")
    refused = mcpforge("add", "cors", cwd=project)
    assert refused.returncode == 1
    assert b"merge markers" in refused.stderr
    fixed = mcpforge("doctor", "--fix", cwd=project)
    assert b"Joined the answers of both branches" in fixed.stderr
    assert set(open_project(project)[1].answers.features) == {"caching", "health", "timing"}


def test_removing_what_the_users_code_uses_is_refused(project: Path) -> None:
    change(project, add(START, "http-client"))
    mine = project / "src" / "demo" / "tools" / "mine.py"
    mine.write_text("from ..http_client import get_http_client\n", encoding="utf-8")
    before = tree_of(project)
    with pytest.raises(ConflictError, match=r"demo.http_client.*tools/mine.py:1"):
        change(project, remove(add(START, "http-client"), "http-client"))
    assert tree_of(project) == before


def test_a_requirement_that_is_used_stays(project: Path) -> None:
    change(project, add(START, "http-client"))
    mine = project / "src" / "demo" / "tools" / "mine.py"
    mine.write_text("import httpx2\n", encoding="utf-8")
    planned = change(project, remove(add(START, "http-client"), "http-client"))
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    assert '"httpx2>=' in text
    assert '"tenacity>=' not in text
    assert any("httpx2" in note for note in planned.plan.notes)
    assert mine.exists()


@pytest.mark.parametrize("form", ["CRLF", "black 120", "two spaces", "imports reversed"])
def test_files_that_were_only_reformatted_go_when_asked_to(project: Path, form: str) -> None:
    for path in project.rglob("*.py"):
        name = path.relative_to(project).as_posix()
        text = path.read_bytes().decode("utf-8")
        edited = text.replace("\n", "\r\n") if form == "CRLF" else EDITS[form](name, text)
        path.write_bytes(edited.encode())
    before = tree_of(project)
    planned = change(project, remove(START, "health"))
    assert (project / "src" / "demo" / "routes" / "health.py").exists()
    said = "`src/demo/routes/health.py` stays as you formatted it; `--reformatted` takes it out too"
    assert said in planned.plan.notes
    undo.carry_out(undo.plan_undo(project))
    assert tree_of(project) == before
    planned = change(project, remove(START, "health"), reformatted=True)
    assert not any("health" in path for path in tree_of(project))
    assert not planned.plan.notes
    undo.carry_out(undo.plan_undo(project))
    assert tree_of(project) == before


def test_an_edited_file_of_a_feature_stays_when_it_goes(project: Path) -> None:
    health = project / "src" / "demo" / "routes" / "health.py"
    health.write_text(health.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    planned = change(project, remove(START, "health"))
    assert health.exists()
    assert any("routes/health.py` was edited" in note for note in planned.plan.notes)
    change(project, add(remove(START, "health"), "health"))
    assert health.read_text(encoding="utf-8").endswith("# mine\n")

"""Git is asked, never trusted: no prompts, no hooks, a reason when it fails."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mcpforge.project import git


def run(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("a")
    return tmp_path


def test_a_first_commit(root: Path) -> None:
    assert git.start_repository(root, "Start").state == "committed"
    assert run(root, "log", "--format=%s %an") == "Start Ada Lovelace"
    assert run(root, "branch", "--show-current") == "main"
    assert run(root, "status", "--porcelain") == ""


def test_inside_a_repository_there_is_no_other(root: Path) -> None:
    run(root, "init")
    inner = root / "inner"
    inner.mkdir()
    assert git.start_repository(inner, "Start").state == "inside"
    assert not (inner / ".git").exists()
    assert run(root, "status", "--porcelain") == "?? a.txt"


def test_without_identity_the_files_are_staged(root: Path, machine: dict[str, str]) -> None:
    config = Path(machine["HOME"], ".gitconfig")
    config.write_text("[user]\n\tuseConfigOnly = true\n")
    outcome = git.start_repository(root, "Start")
    assert outcome.state == "staged"
    assert outcome.reason
    assert "\n" not in outcome.reason
    assert run(root, "diff", "--cached", "--name-only") == "a.txt"
    config.write_text("[user]\n\tname = Ada\n\temail = a@example.org\n")
    subprocess.run(outcome.command, shell=True, cwd=root, check=True, capture_output=True)
    assert run(root, "log", "--format=%s") == "Start"


def test_a_commit_that_fails_leaves_the_reason(root: Path, machine: dict[str, str]) -> None:
    with Path(machine["HOME"], ".gitconfig").open("a") as config:
        config.write("[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n")
    outcome = git.start_repository(root, "Start")
    assert (outcome.state, outcome.command) == ("staged", 'git commit -m "Start"')
    assert "sign" in outcome.reason or "gpg" in outcome.reason


def test_hooks_do_not_run(root: Path, machine: dict[str, str]) -> None:
    hooks = Path(machine["HOME"], "hooks")
    hooks.mkdir()
    trace = root.parent / f"{root.name}-trace"
    for name in ("pre-commit", "post-commit", "commit-msg", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {trace}\nexit 1\n")
        (hooks / name).chmod(0o755)
    with Path(machine["HOME"], ".gitconfig").open("a") as config:
        config.write(f"[core]\n\thooksPath = {hooks}\n\tfsmonitor = {hooks / 'pre-commit'}\n")
        config.write(f"[init]\n\ttemplateDir = {hooks.parent}\n")
    assert git.start_repository(root, "Start").state == "committed"
    assert not trace.exists()


def test_a_repository_of_the_environment_is_left_alone(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    run(other, "init")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert git.start_repository(root, "Start").state == "committed"
    assert (root / ".git").is_dir()
    assert not (other / ".git" / "index").exists()


def test_without_git_nothing_is_lost(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root / "nowhere"))
    assert git.start_repository(root, "Start").state == "missing"
    assert git.identity(root) == ""


def test_a_git_that_can_not_run_is_no_crash(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "bin" / "git").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(root / "bin"))
    assert git.start_repository(root, "Start").state == "missing"
    assert git.identity(root) == ""


@pytest.mark.parametrize(
    ("config", "author"),
    [
        ("", ""),
        ("[user]\n\tname = Ada\n", "Ada"),
        ("[user]\n\temail = a@b.org\n", ""),
        ('[user]\n\tname = "Ada  <x> Ü"\n\temail = a@b.org\n', "Ada  <x> Ü <a@b.org>"),
        ("[user", ""),
    ],
)
def test_the_author_git_knows(
    root: Path, machine: dict[str, str], config: str, author: str
) -> None:
    Path(machine["HOME"], ".gitconfig").write_text(config)
    assert git.identity(root) == author


def test_git_does_not_wait_for_ever(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = root / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git, "SECONDS", 0.2)
    assert git.start_repository(root, "Start").state == "failed"
    assert git.identity(root) == ""

"""The only caller of git; it never prompts, runs no hooks and has 30 seconds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

SECONDS = 30
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
# Variables that lead git to another repository, as `git rev-parse --local-env-vars` lists them.
_ELSEWHERE = frozenset(
    {
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)


@dataclass(frozen=True, slots=True)
class GitOutcome:
    """What happened: `state` is `committed`, `staged`, `inside`, `failed` or `missing`."""

    state: str
    reason: str = ""
    command: str = ""


def environment() -> dict[str, str]:
    """Return an environment in which git asks nothing, runs no hooks and knows no other place.

    It is for programs that call git themselves.
    """
    found = {key: value for key, value in os.environ.items() if key not in _ELSEWHERE}
    found |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "LC_ALL": "C.UTF-8"}
    pairs = [pair.split("=", 1) for pair in _SAFE[1::2]]
    held = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(held) if held.isdigit() else 0
    for number, (key, value) in enumerate(pairs, first):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {**found, "GIT_CONFIG_COUNT": str(first + len(pairs))}


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    import subprocess

    return subprocess.run(
        ["git", *_SAFE, *arguments],
        cwd=root,
        env={**environment(), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=SECONDS,
        check=False,
    )


def identity(folder: Path) -> str:
    """Return the author that git knows, `Name <mail>`, `Name`, or nothing."""
    import subprocess

    try:
        found = _git(folder, "config", "--get-regexp", r"^user\.(name|email)$")
    except (OSError, subprocess.SubprocessError):
        return ""
    values = dict(line.split(" ", 1) for line in found.stdout.splitlines() if " " in line)
    name, email = values.get("user.name", "").strip(), values.get("user.email", "").strip()
    return f"{name} <{email}>" if name and email else name


def start_repository(root: Path, message: str) -> GitOutcome:
    """Make a repository with a first commit, unless the folder is inside one already.

    When the commit fails (no identity, signing, …) the files stay staged; the outcome says why and
    which command finishes it.
    """
    import subprocess

    commit = f'git commit -m "{message}"'
    try:
        if _git(root, "rev-parse", "--is-inside-work-tree").stdout.strip() == "true":
            return GitOutcome("inside")
        made = _git(root, "init", "--quiet", "--initial-branch=main")
        added = _git(root, "add", "--all") if not made.returncode else made
        if added.returncode:
            again = f"git init && git add -A && {commit}"
            return GitOutcome("failed", _last_line(added.stderr), again)
        done = _git(root, "commit", "--quiet", "--message", message)
        if done.returncode:
            return GitOutcome("staged", _last_line(done.stderr or done.stdout), commit)
    except OSError as error:
        found = not isinstance(error, FileNotFoundError)
        reason = f"git can't be run: {error.strerror}" if found else "git is not installed"
        return GitOutcome("missing", reason, "git init")
    except subprocess.TimeoutExpired:
        return GitOutcome("failed", f"git took longer than {SECONDS} s", "git add -A && " + commit)
    return GitOutcome("committed")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (
        (told or lines or ["git gave no reason"])[0].removeprefix("fatal: ").removeprefix("error: ")
    )

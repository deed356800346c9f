"""Copier templates as git repositories: those of `templates/`, and small ones made of texts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import copier

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATES = Path(__file__).parent / "templates"
NAMES = ("analysis", "command", "library", "mcp", "service")


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it says."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path, message: str) -> None:
    """Commit everything in a folder, which becomes a repository."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def repository(name: str, folder: Path) -> Path:
    """Make one of our templates a repository with the tags 1.0.0 and 2.0.0.

    The second version lays its files over those of the first.
    """
    target = folder / name
    for number in (1, 2):
        shutil.copytree(TEMPLATES / name / f"v{number}", target, symlinks=True, dirs_exist_ok=True)
        commit(target, f"Version {number}")
        git(target, "tag", f"{number}.0.0")
    return target


def small_template(folder: Path, files: Mapping[str, str | bytes], *, tag: str = "") -> Path:
    """Write a template of a few texts; with a tag it becomes a repository."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    if tag:
        commit(folder, tag)
        git(folder, "tag", tag)
    return folder


def tree(root: Path) -> dict[str, tuple[str, bytes]]:
    """Return every file and link of a project with its mode; ours and git's state left out."""
    found = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] in (".git", ".mcpforge"):
            continue
        if path.is_symlink():
            found[relative.as_posix()] = ("link", os.fsencode(path.readlink()))
        elif path.is_file():
            found[relative.as_posix()] = (oct(path.stat().st_mode & 0o777), path.read_bytes())
    return found


def by_copier(source: Path, target: Path, data: Mapping[str, Any], ref: str = "1.0.0") -> Path:
    """Let Copier itself make a project."""
    copier.run_copy(
        str(source), target, data=dict(data), vcs_ref=ref, defaults=True, unsafe=True, quiet=True
    )
    return target


def data_flags(data: Mapping[str, Any]) -> list[str]:
    """Return answers as flags of `mcpforge new`."""
    return [word for key, value in data.items() for word in ("--data", f"{key}={value}")]

"""The same cells by others: `git merge-file` on each file, and `copier update`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.survival_cells import Bench, Cell, Verdict, read, sides, write
from bench.survival_scripts import SCRIPTS

if TYPE_CHECKING:
    from bench.survival_edits import Script, Texts

ANSWERS_FILE = "{{ _copier_conf.answers_file }}.jinja"
QUESTIONS = (
    "_subdirectory: template\n_templates_suffix: .jinja\nname:\n  type: str\n  default: demo\n"
)


def by_git(bench: Bench, cell: Cell) -> Verdict:
    """Merge each file with `git merge-file`; moves are not followed, as it knows none."""
    root, texts = bench.stage(cell)
    before, edited, new = texts["before"], texts["edited"], texts["new"]
    conflicts = []
    result = dict(edited)
    for path in sorted(before.keys() | new.keys()):
        old, ours, theirs = before.get(path), edited.get(path), new.get(path)
        if theirs in {old, ours}:
            continue
        if old == ours:
            result.pop(path, None)
            result |= {} if theirs is None else {path: theirs}
        elif None in (old, ours, theirs):
            conflicts.append(path)
        else:
            merged = _merge_file(old or "", ours or "", theirs or "")
            if merged is None:
                conflicts.append(path)
            else:
                result[path] = merged
    if conflicts:
        return Verdict("conflict", tuple(conflicts))
    write(root, edited, result)
    return bench.judge(cell, root, texts, ())


def _merge_file(base: str, ours: str, theirs: str) -> str | None:
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / word for word in ("ours", "base", "theirs")]
        for path, text in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(text.encode())
        command = ["git", "merge-file", "-p", "-q", *map(str, paths)]
        done = subprocess.run(command, capture_output=True, check=False)
    return done.stdout.decode() if done.returncode == 0 else None


def by_copier(bench: Bench, cell: Cell) -> Verdict:
    """Copy the first version of a template, edit, commit, and update to the second."""
    _, texts = bench.stage(cell)
    work = bench.folder / "copier"
    shutil.rmtree(work, ignore_errors=True)
    root = work / "project" / "demo"
    root.parent.mkdir(parents=True)
    template = work / "template"
    answers = {ANSWERS_FILE: "{{ _copier_answers|to_nice_yaml -}}\n"}
    _version(template, {}, texts["before"] | answers, "1.0.0")
    _run(["copy", "--defaults", "--vcs-ref", "1.0.0", str(template), str(root)], work)
    _commit(root)
    _version(template, texts["before"] | answers, texts["new"] | answers, "2.0.0")
    script: Script = SCRIPTS[cell.script]
    write(root, read(root), _with_answers(root, texts["edited"]))
    _commit(root)
    done = _run(["update", "--defaults", "--conflict", "inline"], root)
    if done.returncode:
        return Verdict("conflict", (done.stderr.strip()[-200:],))
    after = read(root)
    marked = tuple(path for path, text in after.items() if "\n<<<<<<< " in f"\n{text}")
    if marked:
        verdict = bench.judge(cell, root, texts, ())
        lines = tuple(verdict.reasons) if verdict.outcome == "loss" else ()
        return Verdict("conflict", marked, broken=verdict.broken, wrong=lines)
    (root / ".copier-answers.yml").unlink()
    found = bench.judge(cell, root, texts, ())
    quiet = tuple(f"silently: {line}" for line in found.wrong)
    return replace(found, wrong=quiet if script else ())


def _with_answers(root: Path, texts: Texts) -> Texts:
    name = ".copier-answers.yml"
    return {**texts, name: (root / name).read_text(encoding="utf-8")}


def _version(template: Path, old: Texts, new: Texts, tag: str) -> None:
    template.mkdir(exist_ok=True)
    (template / "copier.yml").write_text(QUESTIONS, encoding="utf-8")
    write(template / "template", old, new)
    _commit(template)
    _git(template, "tag", tag)


def _commit(folder: Path) -> None:
    if not (folder / ".git").exists():
        _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all", "--force")
    _git(folder, "commit", "--quiet", "--allow-empty", "--no-verify", "--message", "All of it")


def _environment() -> dict[str, str]:
    names = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    nothing = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return {**os.environ, **nothing, **dict.fromkeys(names, "bench")}


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, env=_environment(), check=True, capture_output=True)


def _run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "copier", *words]
    return subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )


def copier_cells(found: list[Cell]) -> list[Cell]:
    """Return the cells that copier is tried on: three features, added."""
    chosen = ("audit", "caching", "database")
    return [cell for cell in found if cell.verb == "add" and cell.feature in chosen and sides(cell)]

"""Symbolic links of a template: made, led elsewhere, taken away, and turned into files and back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from foreign.repositories import by_copier, commit, git, small_template, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from processes import CommandLine

FIRST = {
    "copier.yml": "_preserve_symlinks: true\nname: weather\n",
    "AGENTS.md": "For agents\n",
    "one/a.txt": "one\n",
    "two/a.txt": "two\n",
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
}
LATEST = "latest"
NOTHING_TO_MIGRATE = '_migrations: ["true"]\n'


def clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def point(link: Path, target: str) -> None:
    clear(link)
    link.symlink_to(target)


def text(path: Path, content: str = "text\n") -> None:
    clear(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def folder(path: Path) -> None:
    clear(path)
    text(path / "own.txt")


# What the second version does: name → (how `latest` was, what it becomes).
CASES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "to a file, elsewhere": ("AGENTS.md", lambda path: point(path, "one/a.txt")),
    "to a folder, elsewhere": ("one", lambda path: point(path, "two")),
    "to nothing, elsewhere": ("nowhere", lambda path: point(path, "one")),
    "to a file, gone": ("AGENTS.md", lambda path: path.unlink()),
    "to a folder, gone": ("one", lambda path: path.unlink()),
    "to nothing, gone": ("nowhere", lambda path: path.unlink()),
    "to a file, now a file": ("AGENTS.md", text),
    "to nothing, now a file": ("nowhere", text),
    "to a folder, now a folder": ("one", folder),
    "a file, now a link": ("", lambda path: point(path, "AGENTS.md")),
    "a folder, now a link": ("/", lambda path: point(path, "AGENTS.md")),
    "a folder, now a file": ("/", text),
}
# Also tried with a migration, which sees a copy of the project.
MIGRATED = {
    "to a folder, elsewhere, migrated": CASES["to a folder, elsewhere"],
    "to a file, now a file, migrated": CASES["to a file, now a file"],
    "a file, now a link, migrated": CASES["a file, now a link"],
}
CASES |= MIGRATED


@pytest.mark.parametrize("case", CASES)
def test_a_link_follows_the_template(
    case: str, tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    was, becomes = CASES[case]
    migrated = case in MIGRATED
    source = tmp_path / "template"
    small_template(source, FIRST)
    if was == "/":
        folder(source / LATEST)
    elif was:
        point(source / LATEST, was)
    else:
        text(source / LATEST)
    commit(source, "One")
    git(source, "tag", "1.0.0")
    becomes(source / LATEST)
    if migrated:
        (source / "copier.yml").write_text(FIRST["copier.yml"] + NOTHING_TO_MIGRATE)
    commit(source, "Two")
    git(source, "tag", "2.0.0")
    old = tree(by_copier(source, tmp_path / "old" / "made", {}))
    new = tree(by_copier(source, tmp_path / "new" / "made", {}, ref="2.0.0"))
    trust = ["--trust"] if migrated else []
    assert cli("new", "made", "--template", str(source), "--ref", "1.0.0").code == 0
    root = tmp_path / "made"
    assert tree(root) == old
    monkeypatch.chdir(root)
    done = cli("update", *trust)
    assert done.code == 0, done.err
    assert tree(root) == new, done.err
    assert "yours" not in done.err
    assert "deleted" not in done.err
    told = cli("info", "--json").json["data"]["files"]
    assert {state["state"] for state in told.values()} == {"pristine"}
    assert "Nothing to do" in cli("update", *trust).err
    for expected in (old, new):
        back = cli("undo")
        assert back.code == 0, back.err
        assert tree(root) == expected


@pytest.mark.parametrize(
    ("becomes", "mine"),
    [
        ("elsewhere", "one/a.txt"),
        ("a file", "nowhere"),
        ("gone", "text"),
    ],
)
def test_a_link_of_the_user_stays(
    becomes: str, mine: str, tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small_template(tmp_path / "template", FIRST)
    point(source / LATEST, "AGENTS.md")
    commit(source, "One")
    git(source, "tag", "1.0.0")
    assert cli("new", "made", "--template", str(source)).code == 0
    link = tmp_path / "made" / LATEST
    if mine == "text":
        text(link, "mine\n")
    else:
        point(link, mine)
    if becomes == "elsewhere":
        point(source / LATEST, "two/a.txt")
    elif becomes == "a file":
        text(source / LATEST)
    else:
        (source / LATEST).unlink()
    commit(source, "Two")
    git(source, "tag", "2.0.0")
    before = tree(link.parent)
    monkeypatch.chdir(link.parent)
    done = cli("update")
    assert done.code == 0, done.err
    after = tree(link.parent)
    assert after[LATEST] == before[LATEST]


def test_a_full_folder_of_the_user_is_in_the_way(
    tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small_template(tmp_path / "template", {**FIRST, "docs/a.md": "a\n"}, tag="1.0.0")
    assert cli("new", "made", "--template", str(source)).code == 0
    shutil.rmtree(source / "docs")
    small_template(source, {"docs": "a\n"}, tag="2.0.0")
    root = tmp_path / "made"
    text(root / "docs" / "mine.md", "mine\n")
    before = tree(root)
    monkeypatch.chdir(root)
    done = cli("update")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "`docs`" in done.err
    assert tree(root) == before

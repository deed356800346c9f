"""A fork of our own template: a Copier template, the same bytes by Copier and by us."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import copier
import pytest

from foreign.repositories import commit, data_flags, git, tree
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import Catalog
from mcpforge.catalog.sources import INDEX, templates_folder, write_index
from mcpforge.render.project import render
from processes import CommandLine, files

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    Answers(name="weather", title="Weather", description="Tells the weather", year=2026),
    Answers(
        name="a",
        title='"""\\ {{ title }} {% raw %}',
        description="one\n\n  two {{ 1 / 0 }} {% endraw %} #} \U0001f600 \\N{DASH} '''",
        author='O\'Hara "Zoë" <zoe@example.org>',
        license="Apache-2.0",
        python="3.13",
        year=1999,
    ),
    Answers(
        name="x" * 40,
        title="- [x] <b>&amp; | `tick`\t$HOME",
        description="null",
        author="{% include 'layer.toml' %}",
        license="BSD-3-Clause",
        python="3.14",
        year=9999,
    ),
    Answers(name="A.b-c_D", title="yes", description="1e3: [", license="none", year=2026),
)
TEXTS = ("name", "title", "description", "author", "license", "python", "year")


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """A fork in a repository of its own."""
    target = tmp_path / "fork"
    shutil.copytree(templates_folder() / "project", target)
    commit(target, "Fork")
    git(target, "tag", "1.0.0")
    return target


@pytest.mark.parametrize("answers", HOSTILE, ids=lambda answers: answers.name)
def test_copier_and_we_render_the_same(
    answers: Answers, fork: Path, tmp_path: Path, catalog: Catalog
) -> None:
    copier.run_copy(
        str(fork),
        tmp_path / "made",
        data={key: getattr(answers, key) for key in TEXTS},
        defaults=True,
        unsafe=True,
        quiet=True,
    )
    theirs = {path: content for path, (_, content) in tree(tmp_path / "made").items()}
    assert theirs.pop(".copier-answers.yml")
    ours = {path: file.content for path, file in render(answers, catalog).tree.items()}
    assert theirs == ours


def test_what_is_for_copier_alone_is_in_no_project(tmp_path: Path, catalog: Catalog) -> None:
    paths = render(HOSTILE[0], catalog).tree
    assert not [path for path in paths if "copier" in path or "{" in path]
    write_index(templates_folder(), tmp_path / INDEX)
    text = (tmp_path / INDEX).read_text(encoding="utf-8")
    assert "_copier" not in text


def test_a_project_of_a_fork_takes_features(
    fork: Path, tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = fork / "files" / "README.md.jinja"
    readme.write_text(readme.read_text() + "\nA fork of ours.\n")
    commit(fork, "Own README")
    git(fork, "tag", "1.1.0")
    answers = HOSTILE[1]
    data = {key: str(getattr(answers, key)) for key in TEXTS}
    made = cli("new", "made", "--template", str(fork), *data_flags(data), "--no-git")
    assert made.code == 0, made.err
    root = tmp_path / "made"
    monkeypatch.chdir(root)
    before = tree(root)
    assert cli("add", "caching").code == 0
    assert cli("add", "tool", "forecast").code == 0
    with_features = tree(root)
    assert "src/a/middleware/caching.py" in with_features
    assert "A fork of ours." in (root / "README.md").read_text()
    assert cli("doctor").code == 0
    assert cli("info", "--json").json["data"]["answers"]["features"] == ["caching"]

    server = fork / "files" / "src" / "{{ package }}" / "server.py.jinja"
    server.write_text(
        server.read_text().replace("    return mcp\n", "    # Ours\n    return mcp\n")
    )
    commit(fork, "Server")
    git(fork, "tag", "1.2.0")
    updated = cli("update")
    assert updated.code == 0, updated.err
    assert "# Ours" in (root / "src/a/server.py").read_text()
    assert "src/a/middleware/caching.py" in tree(root)
    assert cli("undo").code == 0
    assert tree(root) == with_features
    assert cli("remove", "caching").code == 0
    assert cli("remove", "tool", "forecast").code == 0
    assert tree(root) == before
    assert cli("set", "title=Other").code == 0
    assert "title: Other" in (root / ".copier-answers.yml").read_text()


def test_a_fork_that_copier_renders_otherwise_takes_none(
    fork: Path, tmp_path: Path, cli: CommandLine
) -> None:
    (fork / "files" / "NOTES.md.jinja").write_text("Folder {{ _folder_name }}\n")
    made = cli("new", "made", "--template", str(fork), "--no-git", "--ref", "HEAD")
    assert made.code == 0, made.err
    assert "takes no features" in made.err
    assert (tmp_path / "made" / "NOTES.md").read_text() == "Folder made\n"
    assert cli("-C", "made", "add", "caching").code == 1


def test_a_fork_that_reads_elsewhere_is_refused(
    fork: Path, tmp_path: Path, cli: CommandLine
) -> None:
    (tmp_path / "private").write_text("private\n")
    (fork / "licenses" / "Mine.jinja").symlink_to(tmp_path / "private")
    done = cli("new", "made", "--template", str(fork), "--ref", "HEAD")
    assert done.code == 1
    assert "leads out of its own folder: `licenses/Mine.jinja`" in done.err


def test_no_copier_in_our_own_process(fork: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom mcpforge.cli.app import run\n"
        f"code = run(['new', 'made', '--template', {str(fork)!r}, '--no-git'])\n"
        "assert code == 0\nassert not [m for m in sys.modules if m.split('.')[0] == 'copier']\n"
    )
    import subprocess

    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    assert "made/pyproject.toml" in files(tmp_path)

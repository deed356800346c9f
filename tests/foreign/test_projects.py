"""Life with a project from a Copier template: secrets, updates, undo, doctor, info, register."""

from __future__ import annotations

import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
import yaml

from foreign.repositories import commit, git, small_template, tree
from mcpforge.operations.publishing import offer
from processes import CommandLine, files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog

ANSWERS_FILE = "{{ _copier_conf.answers_file }}.jinja"
FIRST = {
    "copier.yml": """
_skip_if_exists: [once.txt]
_exclude:
  - copier.yml
  - "{% if _copier_operation == 'update' %}example.txt{% endif %}"
name:
  type: str
  default: weather
token:
  type: str
  secret: true
  default: change-me
size: 3
""",
    "pyproject.toml.jinja": '[project]\nname = "{{ name }}"\ndescription = "About {{ name }}"\n',
    "config.ini.jinja": "token = {{ token }}\nsize = {{ size }}\n",
    "README.md": "One\n",
    "once.txt": "first\n",
    "example.txt": "first\n",
    "gone.txt": "first\n",
    "limits.conf": "most = 1\n",
    ANSWERS_FILE: "{{ _copier_answers | to_nice_yaml }}",
}
SECOND = {
    **{path: text for path, text in FIRST.items() if path != "gone.txt"},
    "copier.yml": f"{FIRST['copier.yml']}colour: red\n",
    "config.ini.jinja": "token = {{ token }}\nsize = {{ size }}\ncolour = {{ colour }}\n",
    "README.md": "Two\n",
    "once.txt": "second\n",
    "example.txt": "second\n",
    "limits.conf": "most = 2\n",
    "new.ini.jinja": "token = {{ token }}\n",
}
SECRET = "s3cr3t-t0k3n"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with two versions."""
    folder = small_template(tmp_path / "template", FIRST, tag="1.0.0")
    (folder / "gone.txt").unlink()
    return small_template(folder, SECOND, tag="2.0.0")


def make(cli: CommandLine, template: Path, *flags: str) -> Path:
    root = template.parent / "made"
    done = cli("new", str(root), "--template", str(template), "--ref", "1.0.0", *flags)
    assert done.code == 0, done.err
    return root


def remembered(root: Path) -> bytes:
    """Return all of a project's state that is committed, unpacked; the rest is 0700."""
    state = root / ".mcpforge"
    parts = [path.read_bytes() for path in state.glob("*") if path.is_file()]
    parts += [zlib.decompress(path.read_bytes()) for path in (state / "base").iterdir()]
    return b"\n".join(parts)


def test_secrets_stand_only_where_the_template_puts_them(
    template: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = cli(
        *("new", "made", "--template", str(template), "--data", f"token={SECRET}", "--json"),
        *("--dry-run", "--ref", "1.0.0"),
    )
    assert SECRET not in shown.out + shown.err
    root = make(cli, template, "--data", f"token={SECRET}")
    assert f"token = {SECRET}" in (root / "config.ini").read_text()
    assert SECRET.encode() not in remembered(root)
    assert SECRET not in (root / ".copier-answers.yml").read_text()
    monkeypatch.chdir(root)
    done = cli("update")
    assert done.code == 0, done.err
    text = (root / "config.ini").read_text()
    assert text == f"token = {SECRET}\nsize = 3\ncolour = red\n"
    assert (root / "new.ini").read_text() == "token = change-me\n"
    assert SECRET.encode() not in remembered(root)
    assert cli("undo").code == 0
    told = cli("update", "--data", f"token={SECRET}")
    assert told.code == 0
    assert SECRET not in told.out + told.err
    assert (root / "new.ini").read_text() == f"token = {SECRET}\n"


def test_what_a_template_leaves_alone_stays(
    template: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make(cli, template)
    (root / "README.md").unlink()
    monkeypatch.chdir(root)
    done = cli("update")
    assert done.code == 0, done.err
    assert (root / "once.txt").read_text() == "first\n"
    assert (root / "example.txt").read_text() == "first\n"
    assert not (root / "gone.txt").exists()
    assert not (root / "README.md").exists()
    assert "`README.md` was deleted, so it stays deleted" in done.err


def test_a_conflict_is_shown_and_nothing_written(
    template: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make(cli, template)
    (root / "limits.conf").write_text("most = 3\n")
    before = files(root)
    monkeypatch.chdir(root)
    done = cli("update")
    assert done.code == 3
    assert "`limits.conf` can't be merged" in done.err
    assert files(root) == before
    marked = cli("update", "--conflicts=markers")
    assert marked.code == 3
    assert "<<<<<<<" in (root / "limits.conf").read_text()
    assert cli("update").code == 3
    assert cli("undo").code == 0


def test_set_gives_another_answer_to_the_same_version(
    template: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make(cli, template)
    monkeypatch.chdir(root)
    assert cli("set", "data.size=4").code == 0
    assert (root / "config.ini").read_text() == "token = change-me\nsize = 4\n"
    told = yaml.safe_load((root / ".copier-answers.yml").read_bytes())
    assert (told["size"], told["_commit"]) == (4, "1.0.0")
    assert "Nothing to do" in cli("set", "data.size=4").err
    for words in (["add", "caching"], ["remove", "caching"], ["set", "title=x"], ["env"]):
        refused = cli(*words)
        assert refused.code == 1
        assert "made from the Copier template" in refused.err


def test_info_doctor_and_register_know_the_project(
    template: Path, cli: CommandLine, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make(cli, template, "--data", "name=forecast")
    monkeypatch.chdir(root)
    told = cli("info", "--json").json["data"]
    assert told["template"]["commit"] == "1.0.0"
    assert told["template"]["answers"] == {"name": "forecast", "size": 3}
    assert set(told["files"]) == set(tree(root))
    assert cli("doctor").code == 0
    found = offer(root, catalog)
    assert (found.name, found.description) == ("forecast", "About forecast")
    (root / ".copier-answers.yml").unlink()
    gone = cli("doctor")
    assert "`copier update` can't go on" in gone.out
    assert cli("update").code == 0
    assert not (root / ".copier-answers.yml").exists()


def test_copier_itself_goes_on_and_so_do_we(
    template: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make(cli, template, "--data", "size=5")
    (root / "mine.txt").write_text("mine\n")
    commit(root, "Mine")
    program = [sys.executable, "-m", "copier", "update", "--defaults", "--quiet"]
    done = subprocess.run(program, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (root / "config.ini").read_text() == "token = change-me\nsize = 5\ncolour = red\n"
    commit(root, "By Copier")
    monkeypatch.chdir(root)
    assert "says 2.0.0, mcpforge wrote 1.0.0" in cli("doctor").out
    before = tree(root)
    (template / "README.md").write_text("Three\n")
    commit(template, "Three")
    git(template, "tag", "3.0.0")
    updated = cli("update")
    assert updated.code == 0, updated.err
    after = tree(root)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed == {"README.md", ".copier-answers.yml"}
    assert b"size: 5" in after[".copier-answers.yml"][1]


def test_a_template_without_answers_file_says_so(tmp_path: Path, cli: CommandLine) -> None:
    source = small_template(tmp_path / "template", {"copier.yml": "x: 1", "a": "x"}, tag="1.0.0")
    done = cli("new", "made", "--template", str(source))
    assert "so `copier update` can't go on from here; `mcpforge update` can" in done.err
    (source / "a").write_text("y")
    commit(source, "Two")
    git(source, "tag", "2.0.0")
    assert cli("-C", "made", "update").code == 0
    assert (tmp_path / "made" / "a").read_text() == "y"


def test_undo_takes_a_new_project_back(
    repositories: Mapping[str, Path],
    tmp_path: Path,
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = repositories["analysis"]
    assert cli("new", "made", "--template", str(source), "--no-git").code == 0
    root = tmp_path / "made"
    monkeypatch.chdir(root)
    assert (root / "latest").is_symlink()
    told = cli("info", "--json").json["data"]["files"]
    assert {state["state"] for state in told.values()} == {"pristine"}
    before = tree(root)
    assert cli("undo").code == 0
    assert tree(root) == {}
    assert cli("undo").code == 0
    assert tree(root) == before


def test_a_relative_template_is_found_from_inside(
    template: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("new", "made", "--template", template.name, "--ref", "1.0.0").code == 0
    root = template.parent / "made"
    assert "_src_path: template" in (root / ".copier-answers.yml").read_text()
    monkeypatch.chdir(root)
    assert cli("update").code == 0
    assert "_src_path: template" in (root / ".copier-answers.yml").read_text()


def test_a_lock_answers_another_project(template: Path, cli: CommandLine) -> None:
    root = make(cli, template, "--data", "size=9", "--no-git")
    held = str(root / ".mcpforge" / "lock.toml")
    done = cli("new", "again", "--template", str(template), "--answers", held, "--no-git")
    assert done.code == 0, done.err
    assert "size = 9\n" in (root.parent / "again" / "config.ini").read_text()


def test_the_command_that_is_shown_makes_the_same(template: Path, cli: CommandLine) -> None:
    root = make(cli, template, "--data", "size=7", "--data", "name=a b 'c'", "--no-git")
    done = cli("new", "x", "--template", str(template), "--data", "size=7", "--dry-run", "--json")
    assert done.json["data"]["written"] is False
    assert not (root.parent / "x").exists()
    made = cli("new", "y", "--template", str(template), "--data", "size=7", "--no-git", "--json")
    words = made.json["data"]["command"].replace(" y ", " z ")
    assert words == f"mcpforge new z --template {template} --data size=7 --no-git"


def test_a_shortcut_is_an_address(
    repositories: Mapping[str, Path],
    tmp_path: Path,
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served = tmp_path / "served"
    git(tmp_path, "clone", "--quiet", "--bare", str(repositories["mcp"]), "served/mcp.git")
    git(tmp_path, "config", "--global", f"url.{served}/.insteadOf", "https://github.com/acme/")
    flags = ("--template", "gh:acme/mcp", "--data", "server_name=weather", "--ref", "1.0.0")
    done = cli("new", "made", *flags)
    assert done.code == 0, done.err
    root = tmp_path / "made"
    assert "_src_path: gh:acme/mcp" in (root / ".copier-answers.yml").read_text()
    monkeypatch.chdir(root)
    unknown = cli("update", "--ref", "2.0.1")
    assert unknown.code == 2
    assert "Did you mean `2.0.0`?" in unknown.err
    updated = cli("update")
    assert updated.code == 0, updated.err
    assert "mask_error_details=True" in (root / "server.py").read_text()
    told = cli("info", "--json").json["data"]["template"]
    assert (told["source"], told["commit"]) == ("gh:acme/mcp", "2.0.0")


def test_what_tasks_make_is_part_of_the_project(
    tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = """
_tasks:
  - git init --quiet
  - printf 'KEY=%s\\n' drawn-by-lot > .env
  - rm unwanted
  - command: chmod +x made.sh
    working_directory: bin
x: 1
"""
    content = {"copier.yml": tasks, "unwanted": "x", "bin/made.sh": "#!/bin/sh\n"}
    source = small_template(tmp_path / "template", content)
    done = cli("new", "made", "--template", str(source), "--trust")
    assert done.code == 0, done.err
    assert "`.git`, which a task made, is left out" in done.err
    root = tmp_path / "made"
    assert set(tree(root)) == {".env", "bin/made.sh"}
    assert tree(root)["bin/made.sh"][0] == "0o755"
    assert b"drawn-by-lot" not in remembered(root)
    assert git(root, "log", "--format=%s") == "Start from mcpforge"
    (root / ".env").write_text("KEY=mine\n")
    monkeypatch.chdir(root)
    assert cli("update").code == 1
    assert cli("update", "--trust").code == 0
    assert (root / ".env").read_text() == "KEY=mine\n"


def test_a_script_that_becomes_one_may_be_run(tmp_path: Path, cli: CommandLine) -> None:
    content = {"copier.yml": "x: 1", "run.sh": "echo one\n"}
    source = small_template(tmp_path / "template", content, tag="1.0.0")
    assert cli("new", "made", "--template", str(source), "--no-git").code == 0
    (source / "run.sh").write_text("echo two\n")
    (source / "run.sh").chmod(0o755)
    commit(source, "Two")
    git(source, "tag", "2.0.0")
    assert cli("-C", "made", "update").code == 0
    assert tree(tmp_path / "made")["run.sh"] == ("0o755", b"echo two\n")


def test_the_templates_own_repository_is_nobodys_business(tmp_path: Path, cli: CommandLine) -> None:
    content = {"copier.yml": "_exclude: [copier.yml]\nx: 1\n", "a": "x"}
    source = small_template(tmp_path / "template", content, tag="1.0.0")
    done = cli("new", "made", "--template", str(source), "--no-git")
    assert done.code == 0, done.err
    assert "task" not in done.err
    assert ".git" not in done.err
    assert set(tree(tmp_path / "made")) == {"a"}


def test_answers_stay_in_the_order_of_the_questions(
    tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_json }}\n"}
    content = {"copier.yml": "b: 1\na: 2\nc: 3\n", "text": "one", **answers}
    source = small_template(tmp_path / "template", content, tag="1.0.0")
    small_template(source, {"text": "two"}, tag="2.0.0")
    assert cli("new", "made", "--template", str(source), "--ref", "1.0.0").code == 0
    path = tmp_path / "made" / ".copier-answers.yml"
    before = path.read_text()
    assert '"b": 1, "a": 2, "c": 3' in before
    monkeypatch.chdir(path.parent)
    assert cli("update").code == 0
    assert path.read_text() == before.replace("1.0.0", "2.0.0")

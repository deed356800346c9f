"""README.md says what is so: its generated parts are current, what it names exists."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from foreign.repositories import commit, git
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.cli.lazy import COMMANDS
from mcpforge.render.project import render
from mcpforge.testing import check_feature
from processes import CommandLine

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = tomllib.loads((ROOT / "tests/docs/tutorial.toml").read_text(encoding="utf-8"))["row"]
COPIER = re.compile(r" --template | --ref | data\.")  # started in a process of its own
VERBS = re.compile(r"\bmcpforge ([a-z]+)\b")


@pytest.fixture(scope="module")
def refresh() -> ModuleType:
    """Load the script that writes the generated parts."""
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "tests/docs/readme.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_current(refresh: ModuleType) -> None:
    assert refresh.refreshed(README) == README, "run `uv run python tests/docs/readme.py`"


@pytest.mark.parametrize("row", ROWS, ids=[row["section"] for row in ROWS])
def test_code_of_the_tutorial_is_where_it_says(row: dict[str, list[str]]) -> None:
    answers = Answers(name="demo", features=tuple(row["pick"]))
    tree = render(answers, load()).tree
    for path in row["code"]:
        assert path.replace("PACKAGE", "demo") in tree


def test_every_feature_is_named() -> None:
    assert [feature.id for feature in load().offered if f"`{feature.id}`" not in README] == []


def commands() -> list[Any]:
    blocks = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    found = [line for line in lines if line.startswith("mcpforge ")]
    return [
        pytest.param(line, marks=pytest.mark.slow) if COPIER.search(line) else line
        for line in found
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in which the commands for one run."""
    folder = tmp_path_factory.mktemp("docs")
    run(folder, "new", "my-server", "--with", "caching", "--no-git", "--yes")
    return folder / "my-server"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a fork of our template, `my-template`, and a project made from it."""
    folder = tmp_path_factory.mktemp("foreign")
    fork = folder / "my-template"
    shutil.copytree(ROOT / "templates/project", fork)
    commit(fork, "Fork")
    git(fork, "tag", "1.0.0")
    run(folder, "new", "made", "--template", "my-template", "--no-git", "--yes")
    return folder


def run(folder: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mcpforge", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(
    command: str,
    project: Path,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each `mcpforge` line runs, as a dry run where it would write."""
    for place in (tmp_path, project):
        if not (place / "acme-features").exists():
            (place / "acme-features").symlink_to(ROOT / "tests/thirdparty/acme_features")
    (tmp_path / "answers.toml").write_text('name = "my-server"\n', encoding="utf-8")
    words = shlex.split(command)[1:]
    if words[0] in ("new", "add", "remove", "set", "undo"):
        words += [word for word in ("--dry-run",) if word not in words]
    if words[0] in ("gateway", "register", "unregister", "compose", "mcp"):
        words.append("--help")  # run for real in tests/gateway/test_register_real.py
    if COPIER.search(command):
        foreign: Path = request.getfixturevalue("foreign")
        monkeypatch.chdir(foreign if "--template" in words else foreign / "made")
    elif words[0] != "new":
        monkeypatch.chdir(project)
    done = cli(*words)
    assert done.code == 0, done.err


def test_generated_prose_names_only_commands_that_exist() -> None:
    known = set(COMMANDS)
    catalog = load()
    for preset in catalog.presets:
        tree = render(Answers(name="demo", features=catalog.preset(preset)), catalog).tree
        for path, file in tree.items():
            if path.endswith((".md", ".example")):
                named = set(VERBS.findall(file.text)) - {"made", "can", "wrote", "knows", "which"}
                assert named <= known, path


@pytest.mark.slow
def test_the_package_of_features_is_as_the_example() -> None:
    section = README.partition("## Features of your own")[2].partition("\n## ")[0]
    example = ROOT / "tests/thirdparty/acme_features"
    texts = [
        path.read_text(encoding="utf-8")
        for path in (example / "pyproject.toml", *example.glob("src/*/*/*/feature.toml"))
    ]
    blocks = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 2
    assert all(any(block in text for text in texts) for block in blocks)
    (call,) = re.findall(r"check_feature\(\"(.*)\"\)", section)
    check_feature(example / call)

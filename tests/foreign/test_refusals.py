"""What a template, its author or the command line gets wrong, as a sentence with its exit code."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from foreign.repositories import git, small_template
from mcpforge.foreign import copier
from processes import CommandLine, files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mcpforge.foreign.models import Unsafe

QUESTIONS = """
name:
  type: str
  help: What it is called
port:
  type: int
  default: 8000
  validator: "{% if port < 1 %}must be positive{% endif %}"
kind:
  type: str
  choices: [library, application]
  default: library
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with three questions and one tag."""
    content = {"copier.yml": QUESTIONS, "README.md.jinja": "{{ name }} {{ port }} {{ kind }}\n"}
    return small_template(tmp_path / "template", content, tag="1.0.0")


@pytest.mark.parametrize(
    ("arguments", "code", "said", "hint"),
    [
        ([], 2, "needs an answer to `name`: What it is called", "--data name=…"),
        (["--data", "name"], 2, "not of the form NAME=VALUE", "--data"),
        (["--data", "name=x", "--data", "prt=1"], 2, "does not ask for `prt`", "`port`?"),
        (
            ["--data", "name=x", "--data", "port=many"],
            2,
            "`port` can't be used: it is no `int`",
            "",
        ),
        (["--data", "name=x", "--data", "port=0"], 2, "`port` can't be used: must be positive", ""),
        (["--data", "name=x", "--data", "kind=app"], 2, "'app' is not in", "--data kind=…"),
        (["--data", "name=x", "--ref", "1.0.1"], 2, "no tag, branch or commit `1.0.1`", "`1.0.0`?"),
        (["--data", "name=x", "--ref", "--help"], 2, "no tag, branch or commit `--help`", ""),
        (["--data", "name=x", "--with", "caching"], 2, "asks its own questions", "--data"),
    ],
)
def test_wrong_answers_are_named(
    arguments: list[str], code: int, said: str, hint: str, template: Path, cli: CommandLine
) -> None:
    done = cli("new", "made", "--template", str(template), *arguments)
    assert (done.code, "Traceback" in done.err) == (code, False)
    assert said in done.err
    assert hint in done.err
    assert not (template.parent / "made").exists()


@pytest.mark.parametrize(
    ("choices", "hint"),
    [
        ("{Small one: small, Big one: big}", "one of: `small`, `big`."),
        ("[[Small one, small], [Big one, big]]", "one of: `small`, `big`."),
        ("'{{ [owner, \"big\"] }}'", "one of: `acme`, `big`."),
        (
            "{A: {value: small, validator: 'not {{ owner }}'}, B: {value: big, validator: ''}}",
            "one of: `big`.",
        ),
    ],
)
def test_a_missing_answer_is_told_as_it_is_given(
    choices: str, hint: str, tmp_path: Path, cli: CommandLine
) -> None:
    question = f"size:\n  type: str\n  help: Size for {{{{ owner }}}}\n  choices: {choices}\n"
    source = small_template(tmp_path / "t", {"copier.yml": f"owner: acme\n{question}", "a": "x"})
    done = cli("new", "made", "--template", str(source))
    assert done.code == 2
    assert "needs an answer to `size`: Size for acme" in done.err
    assert done.err.rstrip().endswith(hint)


BROKEN: Mapping[str, tuple[dict[str, str], str]] = {
    "no template": ({"README.md": "x"}, "no Copier template: it has no `copier.yml`"),
    "cookies": ({"cookiecutter.json": "{}"}, "it has a `cookiecutter.json`"),
    "newer": ({"copier.yml": '_min_copier_version: "99.1"', "a": ""}, "needs Copier 99.1 or newer"),
    "no YAML": ({"copier.yml": "a: [1", "a": ""}, "its `copier.yml` can't be read: line"),
    "no Jinja": ({"copier.yml": "x: 1", "a.jinja": "{% if %}"}, "`a.jinja`, line 1"),
    "no value": (
        {"copier.yml": "_envops:\n  undefined: jinja2.StrictUndefined", "a.jinja": "{{ b }}"},
        "'b' is undefined",
    ),
    "wrong type": (
        {"copier.yml": "x:\n  type: colour\n  default: 1", "a": ""},
        'Unsupported type "colour"',
    ),
    "empty": ({"copier.yml": "x: 1\n_exclude: ['*']", "a": ""}, "makes no file"),
    "out": ({"copier.yml": "x: ../../out", "{{ x }}.jinja": "y"}, "leads out of"),
    "git": (
        {"copier.yml": "_exclude: []\nx: .git", "{{ x }}/hooks/pre-commit": "y"},
        "no template",
    ),
    "state": ({"copier.yml": "x: .mcpforge", "{{ x }}/lock.toml": "y"}, "no template may write"),
    "sandbox": (
        {"copier.yml": "x: 1", "a.jinja": "{{ ''.__class__.__mro__[1].__subclasses__() }}"},
        "unsafe",
    ),
    "terminal": ({"copier.yml": "x: 1", "a\x1b[31m": "y"}, "control characters: `a[31m`"),
    "include": ({"copier.yml": "!include /etc/*.conf", "a": ""}, "relative path"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_template_is_refused(name: str, tmp_path: Path, cli: CommandLine) -> None:
    content, said = BROKEN[name]
    source = small_template(tmp_path / "template", content)
    before = files(tmp_path)
    done = cli("new", "made", "--template", str(source))
    assert done.code in (1, 2)
    assert said in done.err
    assert "Traceback" not in done.err
    assert files(tmp_path) == before


def test_a_link_out_of_the_project_is_refused(tmp_path: Path, cli: CommandLine) -> None:
    source = small_template(tmp_path / "template", {"copier.yml": "_preserve_symlinks: true"})
    (source / "secrets").symlink_to("/etc/passwd")
    done = cli("new", "made", "--template", str(source))
    assert done.code == 1
    assert "link `secrets`, which leads out of the project" in done.err


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("missing", "there is nothing"),
        ("https://localhost:1/x/y.git", "can't be fetched"),
        ("https://me:hunter2@localhost:1/x.git", "holds a password"),
    ],
)
def test_a_source_that_is_not_there(source: str, said: str, cli: CommandLine) -> None:
    done = cli("new", "made", "--template", source)
    assert done.code in (1, 2)
    assert said in done.err
    assert "hunter2" not in done.err.replace(source, "")


def test_a_repository_that_is_no_template_yet(tmp_path: Path, cli: CommandLine) -> None:
    (tmp_path / "fresh").mkdir()
    git(tmp_path / "fresh", "init", "--quiet")
    done = cli("new", "made", "--template", "fresh")
    assert done.code == 2
    assert "its repository has no commit" in done.err


def test_a_bare_repository_is_told_how_to_be_named(
    template: Path, tmp_path: Path, cli: CommandLine
) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(template), "bare")
    done = cli("new", "made", "--template", "bare", "--data", "name=x")
    assert done.code == 2
    named = f"git+file://{tmp_path / 'bare'}"
    assert named in done.err
    assert cli("new", "made", "--template", named, "--data", "name=x", "--no-git").code == 0


def test_an_address_without_an_ending_is_told_how_to_be_named(cli: CommandLine) -> None:
    done = cli("new", "made", "--template", "https://localhost:1/team/template")
    assert done.code == 2
    assert "it ends in `.git` or begins with `git+`" in " ".join(done.err.split())


HOSTILE: Mapping[str, tuple[dict[str, str], str]] = {
    "endless": (
        {"copier.yml": "x: 1", "a.jinja": "{% for a in range(99999) %}{% for b in range(99999) %}"
         "{% endfor %}{% endfor %}"},
        "10 s of CPU",
    ),
    "memory": ({"copier.yml": "x: 1", "a.jinja": "{{ 'x' * 9999999999 }}"}, "512 MB of memory"),
    "size": ({"copier.yml": "x: 1", "a.jinja": "{{ 'x' * 30000000 }}"}, "20 MB"),
    "files": (
        {"copier.yml": "x: 1", "{% yield n from range(6000) %}{{ n }}{% endyield %}.jinja": "y"},
        "5,000 files",
    ),
}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("name", HOSTILE)
def test_the_limits_hold(name: str, tmp_path: Path, cli: CommandLine) -> None:
    content, said = HOSTILE[name]
    source = small_template(tmp_path / "template", content)
    before, begun = files(tmp_path), time.monotonic()
    done = cli("new", "made", "--template", str(source))
    assert done.code == 1
    assert said in done.err
    assert files(tmp_path) == before
    assert time.monotonic() - begun < 110


def test_nothing_runs_without_trust(tmp_path: Path, cli: CommandLine) -> None:
    marker = tmp_path / "ran"
    source = small_template(
        tmp_path / "template", {"copier.yml": f"_tasks: ['touch {marker}']", "a": "x"}, tag="1.0.0"
    )
    done = cli("new", "made", "--template", str(source))
    assert done.code == 1
    assert f"task `touch {marker}`" in done.err
    assert "--trust" in done.err
    assert not marker.exists()
    assert not (tmp_path / "made").exists()
    trusted = cli("new", "made", "--template", str(source), "--trust", "--no-git")
    assert trusted.code == 0, trusted.err
    assert marker.exists()
    assert trusted.err.index(f"touch {marker}") < trusted.err.index("Created")


def test_a_child_that_died_before_an_order_is_told(
    tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"copier.yml": "_tasks: ['true']", "a": "x"}
    source = small_template(tmp_path / "template", content)
    children: list[subprocess.Popen[bytes]] = []
    shown = copier._listed

    class Known(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            children.append(self)

    def ended(unsafe: Unsafe, most: int = 0) -> list[str]:
        """End the child that waits for the word to go on."""
        children[-1].kill()
        children[-1].wait()
        return shown(unsafe, most)

    monkeypatch.setattr(subprocess, "Popen", Known)
    monkeypatch.setattr(copier, "_listed", ended)
    done = cli("new", "made", "--template", str(source), "--trust")
    assert done.code == 1
    assert "The process that renders the template ended by signal 9" in done.err
    assert not (tmp_path / "made").exists()


def test_extensions_need_trust(tmp_path: Path, cli: CommandLine) -> None:
    content = {"copier.yml": "_jinja_extensions: [jinja2.ext.do, nowhere.Mine]", "a": "x"}
    source = small_template(tmp_path / "template", content)
    done = cli("new", "made", "--template", str(source))
    assert "Jinja extension `jinja2.ext.do`; Jinja extension `nowhere.Mine`" in done.err
    trusted = cli("new", "made", "--template", str(source), "--trust")
    assert trusted.code == 1
    assert "not installed: `nowhere`" in trusted.err


def test_a_failing_task_leaves_nothing(tmp_path: Path, cli: CommandLine) -> None:
    content = {"copier.yml": "_tasks: ['echo went wrong; exit 3']", "a": "x"}
    source = small_template(tmp_path / "template", content)
    done = cli("new", "made", "--template", str(source), "--trust")
    assert done.code == 1
    assert "failed with exit code 3: `echo went wrong; exit 3`" in done.err
    assert "went wrong" in done.err.split("hint:")[1]
    assert not (tmp_path / "made").exists()


def test_an_older_tag_is_no_update(
    template: Path, tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (template / "README.md.jinja").write_text("{{ name }} two\n")
    git(template, "commit", "--quiet", "--all", "--message", "Two")
    made = ("new", "made", "--template", str(template), "--data", "name=x", "--no-git")
    assert cli(*made, "--ref", "HEAD").code == 0
    monkeypatch.chdir(tmp_path / "made")
    done = cli("update")
    assert done.code == 1
    assert "its newest tag is 1.0.0" in done.err
    assert cli("update", "--ref", "1.0.0").code == 0
    assert (tmp_path / "made" / "README.md").read_text() == "x 8000 library\n"

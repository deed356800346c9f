"""Folders of features that mean harm: each is refused in a sentence, and nothing else happens."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mcpforge.answers import Answers
from mcpforge.catalog.installed import load
from mcpforge.catalog.options import find_option, parse_value
from mcpforge.confine import Limits
from mcpforge.errors import ForgeError
from mcpforge.render import confined
from mcpforge.render.project import Rendered, render
from thirdparty.folders import MANIFEST, feature

if TYPE_CHECKING:
    from collections.abc import Callable

    from processes import CommandLine


def rendered(root: Path, *features: str) -> Rendered:
    """Render a project with features of a folder."""
    catalog = load([root])
    return render(Answers("demo", title="Demo", features=features or ("acme-thing",)), catalog)


def refused(root: Path, said: str, code: str = "origin_refused") -> None:
    """Check that a folder is refused as it is read."""
    with pytest.raises(ForgeError, match=said) as found:
        load([root])
    assert found.value.code == code
    assert found.value.message.isprintable()


@pytest.mark.parametrize(
    "path",
    [
        "files/src/..evil/../x.py",
        "files/C:/x",
        "files/C:\\x",
        "files/a\\..\\..\\x",
        "files/con\x1b[31m",
        "files/\u202etxt.py",
        "files/a/.../b",
        "files/x.",
        "files/x y",
        "files/" + "/".join("abcdefghijklm"),
        "files/" + "x" * 101,
        "files/{{ project.name }}/x",
        "files/{% if a %}/x",
        "files/~root",
        "files/$HOME",
    ],
)
def test_paths_that_no_project_has(tmp_path: Path, path: str) -> None:
    if ".." in path.split("/"):
        path = path.replace("..evil/../", "..evil..\\")
    feature(tmp_path, files={path: "x"})
    refused(tmp_path, "is no path for a file of a project")


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "./x", "a//b", ".."])
def test_paths_that_a_file_system_cant_even_hold(path: str) -> None:
    """What can't stand in a folder can still stand in a cache or a request."""
    from mcpforge.catalog.strict import check_path

    with pytest.raises(ForgeError, match="is no path for a file of a project"):
        check_path(path, "here")


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".GIT/hooks/pre-commit",
        ".git",
        "sub/.git/HEAD",
        ".mcpforge/lock.toml",
        ".env",
        ".env.jinja",
        ".env.local",
        ".Env",
        ".gitmodules",
    ],
)
def test_places_that_are_no_features(tmp_path: Path, path: str) -> None:
    feature(tmp_path, files={f"files/{path}": "x", "with/health/.env": "x"})
    refused(tmp_path, "no feature may bring", code="reserved")


@pytest.mark.parametrize(
    ("path", "runs"),
    [
        (".github/workflows/steal.yaml", "in CI"),
        (".gitlab-ci.yml", "in CI"),
        (".pre-commit-config.yaml", "as a git hook"),
        (".vscode/tasks.json", "in your editor or agent"),
        (".mcp.json", "in your editor or agent"),
        ("Makefile", "when you call make"),
        ("src/{{ package }}/x.py", "in the server"),
        ("tests/test_x.py", "in the tests"),
        ("docs/x.md", ""),
    ],
)
def test_the_plan_says_who_wrote_a_file_and_where_it_runs(
    tmp_path: Path, cli: CommandLine, path: str, runs: str
) -> None:
    origin = tmp_path / "origin"
    text = "{}" if path.endswith(".json") else "x: 1" if path.endswith((".yaml", ".yml")) else "# x"
    feature(origin, files={f"files/{path}": text})
    words = ("new", "demo", "--features-path", str(origin), "--with", "acme-thing", "--dry-run")
    changes = {item["path"]: item for item in cli(*words, "--json").json["data"]["changes"]}
    place = path.replace("{{ package }}", "demo")
    assert (changes[place]["origin"], changes[place]["runs"]) == ("the folder of acme", runs)
    assert changes["README.md"]["origin"] == ""
    shown = f"  create  {place}  (from the folder of acme{f', runs {runs}' if runs else ''})"
    assert shown in cli(*words).out.splitlines()


@pytest.mark.parametrize("target", ["/etc/passwd", "../..", ".", "missing", "feature.toml"])
@pytest.mark.parametrize("place", ["files/link", "link", "files"])
def test_links(tmp_path: Path, target: str, place: str) -> None:
    folder = feature(tmp_path)
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).symlink_to(target)
    refused(tmp_path, "is a symbolic link")


def test_a_manifest_that_is_a_link(tmp_path: Path) -> None:
    folder = feature(tmp_path)
    (folder / "feature.toml").rename(tmp_path / "elsewhere.toml")
    (folder / "feature.toml").symlink_to(tmp_path / "elsewhere.toml")
    refused(tmp_path, "is a symbolic link")


def test_a_group_that_is_a_link(tmp_path: Path) -> None:
    feature(tmp_path / "outside")
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "middleware").symlink_to(tmp_path / "outside" / "middleware")
    refused(origin, "is a symbolic link")


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_what_is_no_plain_file(tmp_path: Path, kind: str) -> None:
    folder = feature(tmp_path)
    (folder / "files").mkdir()
    if kind == "fifo":
        os.mkfifo(folder / "files" / "pipe")
    else:
        import socket

        with socket.socket(socket.AF_UNIX) as made:
            os.chdir(folder / "files")
            made.bind("pipe")
            os.chdir("/")
    refused(tmp_path, "`middleware/acme-thing/files/pipe` is no plain file")


@pytest.mark.skipif(not hasattr(os, "mknod") or os.geteuid() != 0, reason="needs root")
def test_a_device(tmp_path: Path) -> None:
    import stat

    folder = feature(tmp_path)
    (folder / "files").mkdir()
    try:
        os.mknod(folder / "files" / "zero", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this machine makes no devices")
    refused(tmp_path, "is no plain file")


def test_a_huge_file(tmp_path: Path) -> None:
    feature(tmp_path, files={"files/x": b"x" * 1_000_001})
    refused(tmp_path, "is larger than 1 MB", code="limit")


def test_a_file_without_an_end(tmp_path: Path) -> None:
    folder = feature(tmp_path, files={"files/x": ""})
    os.truncate(folder / "files" / "x", 10**12)
    refused(tmp_path, "is larger than 1 MB", code="limit")


def test_too_many_files(tmp_path: Path) -> None:
    folder = feature(tmp_path)
    (folder / "files").mkdir()
    for number in range(5_001):
        (folder / "files" / str(number)).touch()
    refused(tmp_path, "more than 5,000 files", code="limit")


def test_too_much_of_it(tmp_path: Path) -> None:
    feature(tmp_path, files={f"files/{number}": b"x" * 999_999 for number in range(21)})
    refused(tmp_path, "more than 20 MB", code="limit")


def test_folders_without_an_end(tmp_path: Path) -> None:
    folder = feature(tmp_path)
    (folder / "files" / "/".join("d" * 40)).mkdir(parents=True)
    refused(tmp_path, "too many folders", code="limit")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b", b"\x1b[2J", b"\xed\xa0\x80"], ids=repr)
@pytest.mark.parametrize("place", ["files/x", "fragments/readme.md.jinja", "feature.toml"])
def test_what_is_no_text(tmp_path: Path, content: bytes, place: str) -> None:
    feature(tmp_path, files={place: content})
    refused(tmp_path, "is no UTF-8 text|no text file can hold")


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5_000,
        "a" + ".a" * 31_000 + " = 1",
        "\n".join("[" + ".".join("a" * 200) + f".b{n}]" for n in range(150)),
        "x = 1\nx = 1",
        "a = " + "9" * 5_000,
        "a = {b = 1,}",
        "\ufefftitle = 1",
    ],
    ids=["nested", "dotted", "headers", "twice", "digits", "table", "bom"],
)
def test_bombs_of_toml(tmp_path: Path, text: str) -> None:
    folder = feature(tmp_path)
    (folder / "feature.toml").write_text(text, encoding="utf-8")
    started = time.monotonic()
    with pytest.raises(ForgeError) as found:
        load([tmp_path])
    assert found.value.code in ("origin_refused", "limit")
    assert time.monotonic() - started < 60


def test_a_manifest_without_an_end(tmp_path: Path) -> None:
    feature(tmp_path, manifest="#" * 70_000)
    refused(tmp_path, "is longer than 64,000 characters")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("sumary = 1", "unknown key `sumary`"),
        ("requires = 'x'", "`requires` must be a list of texts"),
        ("requires = ['nothing']", "`nothing` is not one of"),
        ("formerly = ['caching']", "must begin with `acme-`"),
        ('kind = "a\\u001b[31m"', "one line without control characters"),
        ("description = '''" + "x" * 6_000 + "'''", "longer than 5000"),
        ("gitignore = ['" + "x" * 2_000 + "']", "longer than 1000"),
        ("gitignore = [" + "'x'," * 300 + "]", "more than 200 items"),
        ('gitignore = ["a\\nb"]', "one line"),
        ("dependencies = ['requests @@ x']", "no requirement by PEP 508"),
        ("pyproject.project.name = 'x'", "may only hold tables"),
        ("pyproject.tool.x = 1", "may only hold tables"),
        ("pyproject.tool.x.a = 2020-01-01", "kind of value"),
        ("pyproject.tool.x.a = inf", "no number that can be used"),
        ("pyproject.tool.x.a.b.c.d.e.f.g = 1", "nests too deeply"),
        ("[options.x]\ntype='str'\ndefault=''\nhelp='x'\npattern='('", "no regular expression"),
        ("[[tools]]\nimport = 'os; x:y'", "is no `module:name`"),
        ("[[tools]]\nimport = '{{ project.name }}:y'", "is no `module:name`"),
        ("[[server]]\nkeyword = 'a b'\nimport = '.x:y'", "must be names of Python"),
        ("[[server]]\nkeyword = 'class'\nimport = '.x:y'", "must be names of Python"),
        ("[[startup]]\nimport = '.x:y'\nkeywords = {a = 1}", "maps names to expressions"),
        ("[[settings]]\nname = 'A'\ntype = 'int'\nhelp = 'x'", "no name for a setting"),
        ("[[settings]]\nname = 'a'\ntype = 'eval(1)'\nhelp = 'x'", "no type that a setting"),
        (
            "[[settings]]\nname = 'a'\ntype = 'int'\nhelp = 'x'\ndefault = {}",
            "must be a value or a list",
        ),
        ("[[readiness]]\nname = '\"'\nimport = '.x:y'", "`name` has letters"),
    ],
)
def test_manifests(tmp_path: Path, manifest: str, said: str) -> None:
    feature(tmp_path, manifest=manifest)
    refused(tmp_path, said)


@pytest.mark.parametrize(
    ("identifier", "said"),
    [
        ("caching", "is no prefix|must begin with|is the id of a feature"),
        ("Acme-thing", "is no prefix|is no id"),
        ("acme-ünit", "is no id"),
        ("acme--x", "is no id"),
        ("acme-" + "x" * 40, "is no id"),
        ("other-thing", "must begin with `acme-`"),
        ("acme", "must begin with `acme-`"),
    ],
)
def test_ids(tmp_path: Path, identifier: str, said: str) -> None:
    feature(tmp_path, "acme-a")
    feature(tmp_path, identifier, group="routes")
    refused(tmp_path, said)


def test_an_id_of_ours_is_taken(tmp_path: Path) -> None:
    feature(tmp_path, "rate-limit")
    refused(tmp_path, "`rate-limit` is the id of a feature of mcpforge")


def test_an_id_stands_in_one_group_only(tmp_path: Path) -> None:
    feature(tmp_path)
    feature(tmp_path, group="routes")
    refused(tmp_path, "Two groups or features are called `acme-thing`")


def test_groups(tmp_path: Path) -> None:
    feature(tmp_path, group="midleware")
    refused(tmp_path, "`midleware` is no group of mcpforge")
    (tmp_path / "midleware" / "group.toml").write_text(MANIFEST, encoding="utf-8")
    refused(tmp_path, "must begin with `acme-`")


@pytest.mark.parametrize("path", ["group.toml", "files/x", "fragments/readme.md.jinja"])
def test_our_groups_stay_as_they_are(tmp_path: Path, path: str) -> None:
    feature(tmp_path)
    target = tmp_path / "middleware" / path
    target.parent.mkdir(exist_ok=True)
    target.write_text(MANIFEST, encoding="utf-8")
    refused(tmp_path, "the group `middleware` is mcpforge's")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("file/x", "`file` is no part of a feature"),
        ("with/nothing/x", "`nothing` is not one of"),
        ("with/slot.__class__/x", "names no feature, group or slot"),
        ("with/slot.imports/x", "names no feature, group or slot"),
        ("fragments/settings.jinja", "fills no slot"),
        ("fragments/readme.md", "fills no slot"),
    ],
)
def test_parts(tmp_path: Path, path: str, said: str) -> None:
    feature(tmp_path, files={path: "x"})
    refused(tmp_path, said)


LONGEST_VALUE = 900  # of a manifest, nearly
ENDLESS = (
    "{% for a in range(10**12) %}x{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "{{ 'a' * 10**10 }}",
    "{{ ('a' * 10**8) | upper | replace('A', 'aaaaaaaaaa') }}",
    "{{ [0] * 10**10 }}",
    "{{ 10**(10**9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ 'x' | center(10**10) }}",
    "{{ 'x' | indent(10**10) }}",
    "{{ lipsum(n=10**9) }}",
    "{{ range(99999) | list | batch(1) | map('list') | list | string * 999 }}",
    "{% set ns = namespace(x='aaaaaaaaaa') %}{% for a in range(40) %}"
    "{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
    "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "{{ " + "-" * 50_000 + "1 }}",
    "{% if 1 %}" * 5_000 + "{% endif %}" * 5_000,
    "{{ ('a' * 30) | urlize }}{{ 'x' * 30000000 }}",
    "{{ '\\ud800' }}",
    "{{ '\\x1b[2J' }}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give templates a second of CPU instead of ten; all other limits are the real ones."""
    monkeypatch.setattr(confined, "LIMITS", replace(confined.LIMITS, cpu=1))


def test_the_limits_are_those_of_the_design() -> None:
    limits = Limits(cpu=10, memory=512 * 2**20, files=5_000, output=20_000_000)
    assert limits == confined.LIMITS
    assert (limits.writes, limits.programs) == (0, False)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("place", "text"),
    [
        pytest.param(place, text, id=f"{place}-{text[:50]}")
        for place in ("files", "fragment", "manifest")
        for text in ENDLESS
        if place != "manifest" or len(text) <= LONGEST_VALUE
    ],
)
def test_templates_without_an_end(tmp_path: Path, text: str, place: str) -> None:
    if place == "manifest":
        quoted = text.replace("\\", "\\\\")
        feature(tmp_path, manifest=f'next-steps = ["{quoted}"]')
    else:
        where = "files/x.txt" if place == "files" else "fragments/readme.md.jinja"
        feature(tmp_path, files={where: text})
    started = time.monotonic()
    with pytest.raises(ForgeError) as found:
        rendered(tmp_path)
    assert found.value.code in ("limit", "template")
    assert "acme-thing" in found.value.message
    assert "the folder of acme" in found.value.message
    assert time.monotonic() - started < 90


ESCAPES = (
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''|attr('__class__') }}",
    "{{ ''['__class__'] }}",
    "{{ ''['__cl' ~ 'ass__'] }}",
    "{{ [''] | map(attribute='__class__') | list }}",
    "{{ [''] | map('attr', '__class__') | list }}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ '{0.__class__.__mro__}'.format_map({'0': 1}) }}",
    "{{ ('{0.__class__}' | string).format('') }}",
    "{{ '' | format('') | attr('__class__') }}",
    "{{ lipsum.__globals__ }}",
    "{{ lipsum | attr('__globals__') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ imports.__globals__ }}",
    "{{ imports.__closure__ }}",
    "{{ slots.__class__ }}",
    "{{ slots.tools.append(1) }}",
    "{{ settings.clear() }}",
    "{{ options.update({'a': 1}) }}",
    "{{ project.__class__ }}",
    "{{ project.pop('name') }}",
    "{{ (1).__class__.__base__ }}",
    "{{ 'x'.encode().__class__ }}",
    "{{ config }}",
    "{{ request }}",
    "{{ open('/etc/passwd') }}",
    "{{ __import__('os') }}",
    "{% set x = ''.__class__ %}{{ x }}",
    "{% for x in ''.__class__.__bases__ %}{{ x }}{% endfor %}",
    "{{ ''.join.__self__ }}{{ ''.join.__call__ }}",
    "{{ dict.__base__ }}{{ dict.mro() }}",
    "{{ range.__class__ }}",
    "{{ namespace().__class__ }}",
    "{{ ''.format.__func__ }}",
    "{{ (x for x in [1]).gi_frame }}",
)


@pytest.mark.parametrize("text", ESCAPES)
def test_escapes_from_the_sandbox(tmp_path: Path, text: str) -> None:
    feature(tmp_path, files={"files/x.txt": text})
    try:
        content = rendered(tmp_path).tree["x.txt"].text
    except ForgeError as error:
        assert error.code == "template"
    else:  # what is unsafe is undefined: nothing of it shows
        assert not any(word in content for word in ("class", "built-in", "method", "root:", "uid"))


def test_a_pattern_without_an_end(tmp_path: Path) -> None:
    manifest = "[options.x]\ntype='str'\ndefault=''\nhelp='x'\npattern='(a+)+$'"
    feature(tmp_path, manifest=manifest)
    layer = load([tmp_path]).feature("acme-thing")
    option = find_option(layer, "x")
    assert parse_value(layer, option, "aaa") == "aaa"
    with pytest.raises(ForgeError, match="pattern of the option `x` used more than 10 s"):
        parse_value(layer, option, "a" * 60 + "b")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("shared-url = 'a'", "shared-url = 'b'"),
        (
            "[[server]]\nkeyword = 'auth'\nimport = '.a:b'",
            "[[server]]\nkeyword = 'auth'\nimport = '.c:d'",
        ),
        (
            "[[server]]\nlocal = 'thing'\nimport = '.a:b'",
            "[[server]]\nlocal = 'thing'\nimport = '.c:d'",
        ),
        ("pyproject.tool.x.a = 1", "pyproject.tool.x.a = 2"),
        ("dependencies = ['anyio>=4']", "dependencies = ['anyio>=3']"),
        (
            "[[settings]]\nname = 'a'\ntype = 'int'\nhelp = 'x'\ndefault = 1",
            "[[settings]]\nname = 'a'\ntype = 'int'\nhelp = 'x'\ndefault = 2",
        ),
    ],
    ids=["shared-url", "keyword", "local", "table", "requirement", "setting"],
)
def test_slots_claimed_twice(tmp_path: Path, first: str, second: str) -> None:
    feature(tmp_path, "acme-a", manifest=first)
    feature(tmp_path, "acme-b", manifest=second)
    with pytest.raises(ForgeError) as found:
        rendered(tmp_path, "acme-a", "acme-b")
    assert found.value.code == "slot_taken"


def test_a_file_of_ours_is_taken(tmp_path: Path) -> None:
    feature(tmp_path, files={"files/src/{{ package }}/server.py": "x = 1"})
    with pytest.raises(ForgeError, match="`project` and `acme-thing` both bring the file"):
        rendered(tmp_path)


@pytest.mark.parametrize("path", ["README.MD", "SRC/demo/server.py", "src", "tests/test_echo.py/x"])
def test_files_that_hide_others(tmp_path: Path, path: str) -> None:
    feature(tmp_path, files={f"files/{path}": "x"})
    with pytest.raises(ForgeError, match="can't stand beside"):
        rendered(tmp_path)


def test_our_files_stay_ours_to_merge(tmp_path: Path) -> None:
    feature(tmp_path, manifest="seed = ['*']", files={"files/docs/x.md": "x"})
    tree = rendered(tmp_path).tree
    assert tree["docs/x.md"].ownership == "seed"
    assert tree["src/demo/server.py"].ownership == "managed"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/{{ package }}/x.py", "def {{ package }}("),
        ("src/{{ package }}/x.py", "(" * 500),
        ("x.toml", "a = "),
        ("x.yaml", "a: ["),
        ("x.json", "{"),
    ],
)
def test_files_that_are_not_what_they_say(tmp_path: Path, path: str, text: str) -> None:
    feature(tmp_path, files={f"files/{path}": text})
    with pytest.raises(ForgeError, match=r"it is no (PY|TOML|YAML|JSON) file"):
        rendered(tmp_path)


def test_shared_files_must_stay_readable(tmp_path: Path) -> None:
    feature(tmp_path, manifest="[[startup]]\nimport = '.x:y'\narguments = [')(']")
    with pytest.raises(ForgeError, match=r"`src/demo/startup.py` of `the folder of acme`"):
        rendered(tmp_path)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda folder: (folder / "feature.toml").write_bytes(b"\xff"),
        lambda folder: os.mkfifo(folder / "files"),
        lambda folder: feature(folder.parent.parent, files={"files/x.txt": ENDLESS[4]}),
        lambda folder: feature(folder.parent.parent, files={"files/.env": "TOKEN=1"}),
    ],
    ids=["manifest", "fifo", "bomb", "reserved"],
)
def test_the_command_says_it_in_a_sentence(
    tmp_path: Path, cli: CommandLine, break_it: Callable[[Path], object]
) -> None:
    origin = tmp_path / "origin"
    break_it(feature(origin))
    before = sorted(Path.cwd().rglob("*"))
    done = cli("new", "demo", "--features-path", str(origin), "--with", "acme-thing", "--json")
    assert done.code == 1
    (error,) = done.json["errors"]
    assert error["message"] and error["code"] != "bug"
    assert "\n" not in error["message"]
    assert sorted(Path.cwd().rglob("*")) == before

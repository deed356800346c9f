"""Folders: which files are looked at, what they take from each other, what can't be read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpforge.errors import UsageError
from mcpforge.inspection import files
from mcpforge.inspection.inspect import inspect_source, inspect_tree
from mcpforge.operations.doctor import examine_code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BAD = "from fastmcp import FastMCP\nmcp = FastMCP('x', host='y')\n"
SEEN = ["server.py:2 MF201"]


def write(root: Path, found: Mapping[str, str | bytes]) -> Path:
    for path, content in found.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def seen(root: Path) -> list[str]:
    return [f"{f.path}:{f.line} {f.code}" for f in inspect_tree(root)]


@pytest.mark.parametrize(
    "folder",
    [".venv", ".git", "node_modules", "build", "dist", "__pycache__", "a/lib/site-packages"],
)
def test_folders_of_others_are_not_entered(tmp_path: Path, folder: str) -> None:
    assert seen(write(tmp_path, {f"{folder}/x.py": BAD, "server.py": BAD})) == SEEN


def test_skip_can_be_chosen(tmp_path: Path) -> None:
    write(tmp_path, {"old/x.py": BAD, "server.py": BAD})
    assert [f.path for f in inspect_tree(tmp_path, skip={"old"})] == ["server.py"]


def test_symlinks_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"in/server.py": BAD, "out/x.py": BAD})
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "link.py").symlink_to(tmp_path / "out" / "x.py")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    assert seen(tmp_path / "in") == SEEN


def test_special_files_are_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    assert seen(write(tmp_path, {"server.py": BAD})) == SEEN


def test_one_file_may_be_given(tmp_path: Path) -> None:
    assert seen(write(tmp_path, {"server.py": BAD}) / "server.py") == SEEN


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"def (:\n", "MF001"),
        (b"print 'Python 2'\n", "MF001"),
        (b"x = 1\n\x00", "MF001"),
        (b"(" * 5000, "MF001"),
        (b"x = " + b"-" * 5000 + b"1", "MF001"),
        (b"# ok\nx = '\xff'\n", "MF002"),
        (b"# coding: no-such-coding\nx = '\xff'\n", "MF002"),
        (b"#" * (files.LIMIT + 1), "MF003"),
    ],
)
def test_what_cant_be_read_is_one_finding(tmp_path: Path, content: bytes, expected: str) -> None:
    found = inspect_tree(write(tmp_path, {"x.py": content + b"# mcp", "other.py": content}))
    assert [(f.path, f.code) for f in found] == [("x.py", expected)]
    assert [f.code for f in inspect_tree(tmp_path / "other.py")] == [expected]


def test_a_declared_coding_counts(tmp_path: Path) -> None:
    latin = b"# -*- coding: latin-1 -*-\n# \xe9t\xe9\n" + BAD.encode()
    assert seen(write(tmp_path, {"server.py": latin})) == ["server.py:4 MF201"]
    assert seen(write(tmp_path, {"requirements.txt": "fastmcp\r\n".encode("utf-16")})) == [
        "requirements.txt:1 MF951",
        "server.py:4 MF201",
    ]


def test_a_file_without_rights_is_one_finding(tmp_path: Path) -> None:
    write(tmp_path, {"x.py": BAD})
    (tmp_path / "x.py").chmod(0)
    expected = [] if os.access(tmp_path / "x.py", os.R_OK) else ["x.py:1 MF004"]
    assert seen(tmp_path) in (expected, ["x.py:2 MF201"])


def test_a_deep_expression_is_no_crash() -> None:
    text = "import fastmcp\nx = " + " + ".join(["1"] * 20_000)
    assert {f.code for f in inspect_source(text, "x.py")} <= {"MF001"}
    text = "import fastmcp\nfastmcp" + ".x" * 900 + "()\n"
    assert {f.code for f in inspect_source(text, "x.py")} <= {"MF001"}


def test_lines_count_as_an_editor_counts() -> None:
    [finding] = inspect_source("x = '\x0c\u2028'\r\n\r\n" + BAD, "x.py")
    assert finding.line == 4
    [finding] = inspect_source("\n# noqa\x0c: nothing\n" + BAD, "x.py")
    assert finding.line == 4


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert seen(write(tmp_path, {"server.py": b"\xef\xbb\xbf" + BAD.encode()})) == SEEN


@pytest.mark.parametrize(
    "taken",
    [
        "from pkg.server import mcp\nmcp.get_tools()\n",
        "from .server import mcp\nmcp.get_tools()\n",
        "from . import mcp\nmcp.get_tools()\n",
        "from .server import mcp as it\nit.get_tools()\n",
        "import pkg.server\npkg.server.mcp.get_tools()\n",
        "from pkg import server\nserver.mcp.get_tools()\n",
        "from .server import app\napp.get_tools()\n",
    ],
)
def test_servers_of_other_files_are_known(tmp_path: Path, taken: str) -> None:
    server = "from fastmcp import FastMCP\nmcp = FastMCP('x')\napp = mcp\n"
    package = {"src/pkg/__init__.py": "from .server import mcp\n", "src/pkg/server.py": server}
    assert seen(write(tmp_path, {**package, "src/pkg/use.py": taken})) == ["src/pkg/use.py:2 MF203"]


def test_names_of_other_files_that_are_no_servers_are_left_alone(tmp_path: Path) -> None:
    server = "from flask import Flask\nmcp = Flask('x')\n"
    use = "from pkg.server import mcp\nimport fastmcp\nmcp.get_tools()\n"
    assert seen(write(tmp_path, {"pkg/server.py": server, "pkg/use.py": use})) == []


def test_what_other_files_make_is_known(tmp_path: Path) -> None:
    package = {
        "pkg/make.py": "from fastmcp import FastMCP\ndef make():\n    return FastMCP('x')\n",
        "pkg/use.py": "from .make import make\nmake(port=1).get_tools()\n",
        "tests/conftest.py": "import pytest\nfrom pkg.make import make\n"
        "@pytest.fixture\ndef server():\n    return make()\n",
        "tests/a/test_x.py": "import fastmcp\nasync def test(server):\n"
        "    await server.get_tools()\n",
    }
    assert seen(write(tmp_path, package)) == ["pkg/use.py:2 MF203", "tests/a/test_x.py:3 MF203"]


def test_modules_of_the_tree_itself_are_there(tmp_path: Path) -> None:
    use = "from mcp.server.fastmcp import FastMCP\nfrom fastmcp.server import proxy\n"
    own = {"mcp/server/fastmcp.py": "class FastMCP: ...\n", "src/fastmcp/server/proxy.py": ""}
    assert seen(write(tmp_path, {"x.py": use, "lib/mcp/server/fastmcp.py": ""})) == [
        "x.py:1 MF105",
        "x.py:2 MF101",
    ]
    assert seen(write(tmp_path, own)) == []


def test_own_fields_of_an_imported_class_are_no_old_spelling(tmp_path: Path) -> None:
    model = "class Answer:\n    isError: bool = False\n"
    use = "import fastmcp\nfrom models import Answer\ndef f(a):\n    return a.isError\n"
    check = "import fastmcp\ndef test(answer):\n    assert answer.isError\n"
    write(tmp_path, {"models.py": model, "x.py": use, "tests/test_y.py": check})
    assert seen(tmp_path) == ["tests/test_y.py:3 MF703"]
    write(tmp_path, {"tests/conftest.py": model})
    assert seen(tmp_path) == []


def test_imports_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "from b import mcp\nmcp.get_tools()\n", "b.py": "from a import mcp\n"})
    assert seen(tmp_path) == []


def test_helpers_of_a_server_are_looked_at_for_what_is_wrong_anywhere(tmp_path: Path) -> None:
    helper = "from datetime import datetime\nfrom fastapi import HTTPException\ndatetime.utcnow()\n"
    write(tmp_path, {"limits.py": helper, "alone.py": helper})
    write(tmp_path, {"server.py": "import fastmcp\nfrom limits import x\n"})
    assert seen(tmp_path) == ["limits.py:2 MF103", "limits.py:3 MF902"]


@pytest.mark.parametrize(
    "required",
    [
        {"requirements.txt": "fastapi\naiofiles\n"},
        {"pyproject.toml": '[project]\ndependencies = ["fastapi>=0.133", "aiofiles"]\n'},
        {"pyproject.toml": '[dependency-groups]\ndev = ["FastAPI", "aiofiles"]\n'},
    ],
)
def test_what_the_project_requires_may_be_imported(
    tmp_path: Path, required: dict[str, str]
) -> None:
    code = "import aiofiles, fastmcp\nfrom fastapi import Request\n"
    assert seen(write(tmp_path, {"x.py": code})) == ["x.py:1 MF106", "x.py:2 MF103"]
    assert seen(write(tmp_path, required)) == []


def test_doctor_examines_a_folder_and_refuses_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"server.py": BAD})
    assert [f.code for f in examine_code(tmp_path)] == ["MF201"]
    with pytest.raises(UsageError):
        examine_code(tmp_path / "missing")


def test_the_code_is_not_run(tmp_path: Path) -> None:
    write(tmp_path, {"x.py": f"import fastmcp\nopen({str(tmp_path / 'ran')!r}, 'w')\n"})
    loaded = "fastmcp" in sys.modules  # by another test of this process
    assert seen(tmp_path) == []
    assert not (tmp_path / "ran").exists()
    assert ("fastmcp" in sys.modules) is loaded


NEWER = [
    ("type Pair[T] = tuple[T, T]\n", (3, 12)),
    ("def first[T](x: list[T]) -> T:\n    return x[0]\n", (3, 12)),
    ("x = f'{'a'}'\n", (3, 12)),
    ("class Box[T = int]: ...\n", (3, 13)),
    ("match x:\n    case {'a': [b, *c], **d}: ...\n", (3, 10)),
    ("try: ...\nexcept* ValueError as e: ...\n", (3, 11)),
    ("[y := 1, lambda z, /, *, w: z, *(a for a in b if (c := a))]\n", (3, 11)),
]


@pytest.mark.parametrize(("code", "version"), NEWER)
def test_new_syntax_is_read_where_this_python_knows_it(code: str, version: tuple[int, int]) -> None:
    found = [f.code for f in inspect_source(f"import fastmcp\n{code}", "x.py")]
    assert found == ([] if sys.version_info >= version else ["MF001"])


@given(st.text())
def test_any_text_is_inspected(text: str) -> None:
    inspect_source(text, "x.py")
    inspect_source(f"import fastmcp\n{text}", "x.py")


PIECES = st.sampled_from(
    [
        *("mcp", "ctx", "client", "FastMCP", "Context", "Client", "Middleware", "x", "self"),
        *("mcp.tool", "mcp.storage", "mcp.middleware", "ctx.info", "await x", "x := mcp"),
        *("FastMCP('x', **y)", "FastMCP(*z)", "lambda mcp: mcp", "[mcp for mcp in mcp]", "{**x}"),
    ]
)
LINES = st.one_of(
    st.builds("{} = {}".format, PIECES, PIECES),
    st.builds("@{}\ndef f({}): return {}".format, PIECES, PIECES, PIECES),
    st.builds("@{}({})\nasync def g(a={}, *b, **c): await {}".format, *[PIECES] * 4),
    st.builds(
        "class C({}):\n    a: {} = {}\n    def on_call_tool(self): ...".format, *[PIECES] * 3
    ),
    st.builds("with {} as mcp, {} as (a, b): {}({}, x={})".format, *[PIECES] * 5),
    st.builds("global mcp\nimport {0} as {1}\nfrom . import {1}".format, PIECES, PIECES),
    st.builds("try:\n    {}.ping()\nexcept {}:\n    raise {}".format, *[PIECES] * 3),
)


@given(st.lists(LINES, max_size=12))
@settings(max_examples=300)
def test_any_program_is_inspected(lines: list[str]) -> None:
    whole = "\n".join(["from fastmcp import *", *lines])
    inspect_source(whole, "x.py")


@given(st.binary())
@settings(max_examples=50)
def test_any_bytes_are_inspected(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.getbasetemp()
    for name in ("x.py", "pyproject.toml", "requirements.txt", "fastmcp.json"):
        folder = root / "any"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        inspect_tree(folder)
        (folder / name).unlink()

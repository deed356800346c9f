"""The rules that keep the code as it was designed; each fails, none warns."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mcpforge
from mcpforge.catalog.catalog import load
from processes import SOURCE
from processes import mcpforge as command

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(mcpforge.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 300
# What a part may import; what is not named here is a part of the lowest level.
MAY_IMPORT = {
    "catalog": {"catalog"},
    "render": {"catalog", "render"},
    "merge": {"merge"},
    "project": {"catalog", "render", "merge", "project"},
    "inspection": {"inspection"},
    "foreign": {"catalog", "render", "foreign"},
    "gateway": {"gateway"},
    "operations": {
        *("catalog", "render", "merge", "project", "foreign", "gateway", "inspection"),
        "operations",
    },
    "cli": {
        *("catalog", "render", "merge", "project", "gateway", "inspection", "operations"),
        *("cli", "serve"),
    },
    "serve": {"catalog", "render", "merge", "project", "gateway", "operations", "serve"},
    "testing": {"catalog", "render", "merge", "project", "operations", "testing"},
    "__main__": {"cli"},
}
LOWEST = {
    *("__init__", "errors", "characters", "tree", "answers", "pysource", "uris", "confine"),
    *("locking", "taken", "uv"),
}
HEAVY = (
    *("pydantic", "rich", "tomlkit", "libcst", "copier", "httpx", "httpx2", "fastmcp"),
    *("questionary", "prompt_toolkit", "mcp", "asyncio", "importlib.metadata"),
)
TOP_LEVEL = {
    *(".ci", ".docs", ".git", ".github", ".gitignore", ".hatch", ".pre-commit-config.yaml"),
    *("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "src", "templates", "tests"),
    "uv.lock",
}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def identify(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the absolute names of all modules that a module imports, wherever in it."""
    return frozenset(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield str(node.module)
            if node.module == "mcpforge":
                yield from (f"mcpforge.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_imports_go_one_way(path: Path) -> None:
    own = [name.split(".")[1] for name in imported(path) if name.startswith("mcpforge.")]
    allowed = LOWEST | MAY_IMPORT.get(part(path), set()) | {"__version__"}
    assert set(own) <= allowed


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_everything_public_is_documented(path: Path) -> None:
    module = parsed(path)
    assert ast.get_docstring(module)
    for node in public(module):
        assert ast.get_docstring(node), f"{node.name} has no docstring"


def public(node: ast.AST) -> Iterator[Definition]:
    """Return every public function and class that no function and no private class holds."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Definition):
            yield from public(child)
        elif not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from public(child)


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_features_are_data(path: Path) -> None:
    """No feature's id is compared with, matched, or used as a key."""
    features = set(load().features)
    suspicious: list[ast.expr] = []
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Compare(left=left, comparators=others):
                suspicious += [left, *others]
            case ast.Subscript(slice=key):
                suspicious.append(key)
            case ast.Dict(keys=keys):
                suspicious += [key for key in keys if key]
            case ast.MatchValue(value=value):
                suspicious.append(value)
            case ast.Call(func=ast.Attribute(attr="get" | "feature" | "holds"), args=arguments):
                suspicious += arguments
    texts = {
        inner.value
        for expression in suspicious
        for inner in ast.walk(expression)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    }
    assert texts & features - _SLOTS == set()


# Groups of contributions and kinds of components that are called as a feature is.
_SLOTS = {"prompts", "resources"}


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_only_the_command_line_talks(path: Path) -> None:
    if part(path) in ("cli", "__main__", "serve"):
        return
    calls = {
        ast.unparse(node.func) for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)
    }
    assert calls & {"print", "input", "exit", "quit", "sys.exit", "os._exit", "breakpoint"} == set()
    tops = {name.split(".")[0] for name in imported(path)}
    assert tops & {"typer", "rich", "click", "questionary", "prompt_toolkit"} == set()


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_only_some_modules_write_or_start_programs(path: Path) -> None:
    """Project files are written in one place, git is called in one place."""
    if part(path) in ("gateway", "foreign", "cli", "serve"):
        return
    name = identify(path)
    tops = {top.split(".")[0] for top in imported(path)}
    if name not in (
        *("confine.py", "testing.py", "uv.py", "project/git.py"),
        *("operations/verify.py", "operations/opening.py"),
    ):
        assert "subprocess" not in tops
    calls = {
        node.func.attr
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    if part(path) in ("catalog", "render", "merge") and name not in (
        "catalog/packages.py",
        "catalog/sources.py",
        "render/bytecode.py",
    ):
        assert calls & {"write_text", "write_bytes", "unlink", "mkdir", "rename"} == set()


def loaded(*arguments: str, cwd: Path) -> set[str]:
    """Return which modules a command line loads, in a process of its own."""
    code = """
import sys
from mcpforge.cli.app import run
run(sys.argv[1:])
sys.stderr.write("\\nLOADED " + " ".join(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("new", "--help"),
        ("new", "demo", "--yes"),
        ("new", "demo", "--preset", "production", "--json"),
        ("features",),
    ],
    ids=" ".join,
)
def test_heavy_modules_stay_out(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert loaded(*arguments, cwd=tmp_path) & set(HEAVY) == set()


def test_the_top_level_is_fixed() -> None:
    assert {path.split("/")[0] for path in tracked()} <= TOP_LEVEL


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [path for path in listed.stdout.split("\0") if path]


# Spelled in two parts, so that this file doesn't hold them.
MACHINE = ("/wo" + "rk/", "/ro" + "ot/", "/tmp" + "/w/")
HOSTS = (
    "pypi" + ".org/simple",
    "files.python" + "hosted.org",
    "artifac" + "tory",
    "local" + "host:3141",
)


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    found = []
    for name in tracked():
        path = SOURCE / name
        if not path.is_file() or path.is_symlink():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        inside = name.startswith(("templates/", "tests/snapshots/"))  # a container has a root
        words = (*HOSTS, *(word for word in MACHINE if not (inside and word == MACHINE[1])))
        found += [(name, word) for word in words if word in text]
    assert found == []


def test_the_version_is_one_everywhere(tmp_path: Path) -> None:
    done = command("--version", cwd=tmp_path)
    assert done.stdout.decode() == f"mcpforge {mcpforge.__version__}\n"

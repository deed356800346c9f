"""Python source comes out as ruff leaves it."""

from __future__ import annotations

import ast
import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from mcpforge import pysource
from strategies import texts

if TYPE_CHECKING:
    from pathlib import Path

_WORDS = (
    "os",
    "sys",
    "json",
    "collections.abc",
    "os.path",
    "fastmcp",
    "fastmcp.server",
    "pydantic",
)
_PLACES = (
    ".",
    ".settings",
    ".a.b",
    "..",
    "..up",
    ".zz9",
    ".zz10",
    "httpx2",
    "a_b",
    "ab",
    "Ab",
    "x1y",
)
_NAMES = (
    "A",
    "B2",
    "B10",
    "CONST",
    "X_Y",
    "Camel",
    "camel",
    "snake_case",
    "z",
    "_hidden",
    "AB",
    "Ab",
)
imports = st.lists(
    st.builds(
        lambda module, name: f"{module}:{name}" if name else module,
        st.sampled_from((*_WORDS, *_PLACES, "mine", "mine.inner")),
        st.sampled_from((*_NAMES, "")),
    ).filter(lambda spec: not (spec.startswith(".") and ":" not in spec)),
    min_size=1,
    max_size=14,
)
values = st.recursive(
    st.one_of(
        texts(), st.text(), st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False)
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(values)
def test_a_literal_is_its_value(value: object) -> None:
    source = pysource.literal(value)
    if "inf" not in source:
        assert ast.literal_eval(source) == value
    if isinstance(value, str):
        assert "\n" not in source


@given(imports)
def test_imports_keep_every_name(specs: list[str]) -> None:
    found: set[str] = set()
    for node in ast.parse(pysource.import_block(specs, first_party="mine")).body:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found.update(f"{module}:{alias.name}" for alias in node.names)
    assert found == set(specs)


@given(imports, st.randoms())
def test_the_order_of_imports_does_not_matter(specs: list[str], shuffle: Random) -> None:
    mixed = [*specs, *specs]
    shuffle.shuffle(mixed)
    assert pysource.import_block(mixed) == pysource.import_block(specs)


def test_imports_are_as_ruff_sorts_them(tmp_path: Path) -> None:
    @given(imports)
    def write(specs: list[str]) -> None:
        block = pysource.import_block(specs, first_party="mine")
        number = len(list(tmp_path.iterdir()))
        (tmp_path / f"case{number}.py").write_text(f"{block}\n", encoding="utf-8")

    write()
    long = [f"fastmcp.server:{'Name' * 6}{letter}" for letter in "abcdef"]
    (tmp_path / "long.py").write_text(f"{pysource.import_block(long)}\n", encoding="utf-8")
    (tmp_path / "ruff.toml").write_text(
        'line-length = 100\n[lint]\nselect = ["I"]\n[lint.isort]\nknown-first-party = ["mine"]\n',
        encoding="utf-8",
    )
    assert ruff("check", cwd=tmp_path) == ""
    assert ruff("format", "--check", cwd=tmp_path) == ""


def test_literals_and_calls_are_as_ruff_formats_them(tmp_path: Path) -> None:
    lines: list[str] = []

    numbers = st.floats(allow_nan=False, allow_infinity=False)

    @given(st.one_of(texts(), st.text(), numbers, st.lists(texts()), st.lists(st.lists(numbers))))
    def literals(value: object) -> None:
        lines.append(f"x = {pysource.literal(value)}\n")

    @given(
        st.lists(st.sampled_from(("a", "settings", "b.c", "1")), max_size=4),
        st.dictionaries(st.sampled_from(("key", "other")), st.sampled_from(("1", "x.y"))),
    )
    def calls(arguments: list[str], keywords: dict[str, str]) -> None:
        lines.append(f"{pysource.call('function', arguments, keywords)}\n")

    literals()
    calls()
    (tmp_path / "cases.py").write_text("".join(lines), encoding="utf-8")
    for length in ("100", "120"):
        assert ruff("format", "--check", "--line-length", length, cwd=tmp_path) == ""


def ruff(*arguments: str, cwd: Path) -> str:
    """Run ruff and return what it complains about."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--quiet", "."],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""

"""Formats merged by meaning: before and after."""

from __future__ import annotations

import pytest

from mcpforge.merge.driver import merge
from mcpforge.merge.structured.requirements import excludes

PYPROJECT = """\
[project]
name = "x"
dependencies = [
    "fastmcp>=4.1.2,<4.2",
    "pydantic>=2",
]

[tool.ruff]
line-length = 100
"""
WITH_REDIS = PYPROJECT.replace('    "pydantic>=2",\n', '    "pydantic>=2",\n    "redis>=5,<8",\n')


@pytest.mark.parametrize(
    ("own", "merged"),
    [
        ('    "redis>=6.1",\n', '    "redis>=6.1",\n'),
        ("    'redis>=6.1', # mine\n", "    'redis>=6.1', # mine\n"),
        ('    "zeta>=1",\n', '    "redis>=5,<8",\n    "zeta>=1",\n'),
        ('    "anyio",\n', '    "anyio",\n    "redis>=5,<8",\n'),
    ],
)
def test_a_requirement_of_the_users_stays_as_written(own: str, merged: str) -> None:
    head, tail = PYPROJECT.split("]\n\n", 1)
    result = merge("pyproject.toml", PYPROJECT, f"{head}{own}]\n\n{tail}", WITH_REDIS)
    assert result.clean
    assert result.text == f"{head}{merged}]\n\n{tail}"


def test_a_requirement_that_excludes_ours_is_a_conflict() -> None:
    ours = PYPROJECT.replace('    "pydantic>=2",\n', '    "pydantic>=2",\n    "redis<4",\n')
    result = merge("pyproject.toml", PYPROJECT, ours, WITH_REDIS)
    assert "`redis<4` leaves out what is needed" in result.conflicts[0].description


def test_extras_join_a_requirement_of_the_users() -> None:
    base = PYPROJECT.replace("pydantic>=2", "kv[memory]>=1")
    theirs = base.replace("kv[memory]>=1", "kv[memory,redis]>=1")
    ours = base.replace("kv[memory]>=1", "kv[memory]>=1.5")
    assert '"kv[memory,redis]>=1.5"' in merge("pyproject.toml", base, ours, theirs).text


def test_arrays_on_one_line_take_one_more() -> None:
    ours = PYPROJECT.replace(
        '[\n    "fastmcp>=4.1.2,<4.2",\n    "pydantic>=2",\n]',
        "['fastmcp>=4.1.2,<4.2', 'pydantic>=2']",
    )
    result = merge("pyproject.toml", PYPROJECT, ours, WITH_REDIS)
    assert "['fastmcp>=4.1.2,<4.2', 'pydantic>=2', 'redis>=5,<8']" in result.text


def test_tables_come_and_go() -> None:
    theirs = PYPROJECT.replace(
        "[tool.ruff]", "# why\n[tool.more]\nx = 1\n\n[tool.ruff]\npreview = true"
    )
    ours = PYPROJECT.replace("line-length = 100", "line-length=120 # mine\nextend = 'a'")
    ours = ours.replace('"pydantic>=2"', '"pydantic>=2.1"').replace("[project]", "[ project ]")
    added = merge("pyproject.toml", PYPROJECT, ours, theirs)
    assert added.clean
    assert "\n\n# why\n[tool.more]\nx = 1\n\n[tool.ruff]\n" in added.text
    assert "preview = true" in added.text
    removed = merge("pyproject.toml", theirs, added.text, PYPROJECT)
    assert removed.clean
    assert removed.text == ours


def test_a_changed_value_that_the_user_changed_is_a_conflict() -> None:
    ours, theirs = (PYPROJECT.replace("= 100", f"= {length}") for length in (120, 88))
    result = merge("pyproject.toml", PYPROJECT, ours, theirs)
    assert "`tool.ruff.line-length`" in result.conflicts[0].description


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (">=6.1", ">=5,<8", False),
        ("<4", ">=5,<8", True),
        ("==7.*", ">=5,<8", False),
        ("~=8.1", ">=5,<8", True),
        ("", ">=5,<8", False),
        (">=7.9", ">=5,<8", False),
    ],
)
def test_what_excludes(one: str, two: str, *, expected: bool) -> None:
    assert excludes(f"redis{one}", f"redis{two}") is expected


ENV = "# --- Required\n\n# A\n# X_A=\n\n# --- Optional\n\n# B\n# X_B=1\n"
ENV_MORE = ENV.replace("# B\n", "# C\n# X_C=2\n\n# B\n")


def test_keys_of_an_environment() -> None:
    ours = ENV.replace("# X_B=1", "X_B=2").replace("# A\n# X_A=\n", "X_A=secret\nMINE=1\n")
    ours = ours.replace("# --- Optional\n\n# B\n", "# the rest\n")
    merged = merge(".env.example", ENV, ours, ENV_MORE)
    assert merged.clean
    assert "# C\n# X_C=2\n" in merged.text
    assert merge(".env.example", ENV_MORE, merged.text, ENV).text.split() == ours.split()


def test_patterns_are_a_set() -> None:
    base, theirs = "a\nb\n", "a\nb\n*.sqlite3\n"
    merged = merge(".gitignore", base, "# mine\n*.sqlite3\nb\n", theirs)
    assert merged.clean
    assert merged.text == "# mine\n*.sqlite3\nb\n"


def test_json_keeps_its_indentation() -> None:
    base, theirs = '{\n  "a": 1,\n  "c": 3\n}\n', '{\n  "a": 1,\n  "b": [2],\n  "c": 3\n}\n'
    ours = '{\n    "a": 1,\n    "c": 3,\n    "mine": "ü"\n}'
    expected = '{\n    "a": 1,\n    "b": [\n        2\n    ],\n    "c": 3,\n    "mine": "ü"\n}'
    assert merge("x.json", base, ours, theirs).text == expected


WORKFLOW = """\
on: push

jobs:
  test:
    steps:
      - uses: actions/checkout@v4
      - run: uv sync
      - run: uv run pytest
"""
WORKFLOW_MORE = WORKFLOW.replace(
    "      - run: uv run pytest\n", "      - run: uv run ruff check\n      - run: uv run pytest\n"
).replace("jobs:\n", "permissions:\n  contents: read\n\njobs:\n")
OWN_WORKFLOW = """\
on: [push]

jobs:
    test:
        steps:
            - uses: actions/checkout@v4
            # mine
            - run: echo hi
            - name: Sync
              run: uv sync
            # tests
            - run: uv run pytest  # all
    # lint
    lint:
        runs-on: x
"""


def test_yaml_by_key_and_step() -> None:
    merged = merge("ci.yml", WORKFLOW, OWN_WORKFLOW, WORKFLOW_MORE)
    assert merged.clean
    assert merged.how == "structured"
    assert "            - run: uv run ruff check\n            # tests\n" in merged.text
    assert "permissions:\n  contents: read\n\njobs:\n" in merged.text
    assert set(OWN_WORKFLOW.splitlines()) <= set(merged.text.splitlines())
    back = merge("ci.yml", WORKFLOW_MORE, merged.text, WORKFLOW)
    assert back.clean
    assert back.text.split() == OWN_WORKFLOW.split()

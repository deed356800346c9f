"""Five templates in the manner of public ones: made as Copier makes them, and updated better."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import copier
import pytest

from foreign.repositories import NAMES, by_copier, commit, data_flags, tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from processes import CommandLine

pytestmark = pytest.mark.real
TRUSTED = {"service"}
# What the question without a default is answered with.
NEEDED: dict[str, dict[str, str]] = {
    "library": {"distribution": "tidy-data"},
    "mcp": {"server_name": "weather"},
}
ANSWERS: list[tuple[str, dict[str, str]]] = [
    *((name, {}) for name in NAMES),
    ("library", {"license": "none", "docs": "no", "pythons": '["3.12"]'}),
    ("library", {"license": "Apache-2.0", "owner": "Zoë O'Hara", "summary": 'A "lib" {{ x }}'}),
    ("command", {"program": "sweep", "verbose": "yes", "port": "1", "ratio": "1e-3"}),
    ("command", {"api_token": "s3cret-t0ken", "limits": "{requests: 3}"}),
    ("service", {"database": "postgres", "workers": "8", "title": "It's a \\ service"}),
    ("service", {"database": "none", "compose": "true"}),
    ("analysis", {"notebooks": "[one, two, three]", "columns": '{"ä": [1, null]}'}),
    ("analysis", {"data_folder": "a/b/c", "title": "Ünïcode"}),
    ("analysis", {"flavour": "heavy"}),
    ("mcp", {"tools": "[fetch, delete]", "dangerous": "yes", "transport": "http"}),
    ("mcp", {"tools": "[]", "note": "several\nlines: with {% raw %}"}),
]


@pytest.mark.parametrize(("name", "given"), ANSWERS, ids=lambda value: str(value)[:40])
def test_a_project_is_what_copier_makes(
    name: str,
    given: dict[str, str],
    tmp_path: Path,
    cli: CommandLine,
    repositories: Mapping[str, Path],
) -> None:
    source = repositories[name]
    data = {**NEEDED.get(name, {}), **given}
    theirs = by_copier(source, tmp_path / "theirs" / "made", data)
    (tmp_path / "ours").mkdir()
    done = cli(
        *("new", "ours/made", "--template", str(source), "--ref", "1.0.0", "--no-git"),
        *data_flags(data),
        *(["--trust"] if name in TRUSTED else []),
    )
    assert done.code == 0, done.err
    assert tree(tmp_path / "ours" / "made") == tree(theirs)


# What a user does to a project of the first version: path → (old text, new text).
EDITS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "library": {
        "pyproject.toml": ('    "rich>=14",\n', '    "rich>=14",\n    "httpx2>=2.5",\n'),
        "src/tidy_data/core.py": (
            '    LOGGER.info("greeting %s", name)\n',
            '    LOGGER.info("greeting %s politely", name)\n',
        ),
    },
    "command": {
        "tidy/__main__.py": (
            'prog="tidy", description="Tidies up")',
            'prog="tidy", description="Tidies up", epilog="Written by me")',
        ),
        "settings.ini": ("requests = 10\n", "requests = 10\nretries = 3\n"),
    },
    "service": {
        "app/main.py": (
            '        routes=["/health", "/items"],\n',
            '        routes=["/health", "/items", "/mine"],\n',
        ),
        "app/config.py": (
            '    database: str = "sqlite"\n',
            '    database: str = "sqlite"\n    region: str = "eu"\n',
        ),
    },
    "analysis": {
        "environment.yml": ("  - polars=1.30\n", "  - polars=1.30\n  - duckdb=1.3\n"),
        "src/features.py": ('    "name",\n', '    "name",\n    "height",\n'),
    },
    "mcp": {
        "pyproject.toml": (
            'dependencies = ["fastmcp>=4.1.2,<4.2"]',
            'dependencies = ["fastmcp>=4.1.2,<4.2", "stamina>=25"]',
        ),
        "server.py": (
            '    on_duplicate="error",\n',
            '    on_duplicate="error",\n    instructions="Mine",\n',
        ),
    },
}
# What must stand in the files afterwards: the user's, and the second version's.
KEPT: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "library": {
        "pyproject.toml": ("httpx2>=2.5", "structlog>=25", "line-length = 100"),
        "src/tidy_data/core.py": ("politely", "import time", "perf_counter() - begun"),
        "CHANGELOG.md": ("- Start",),
    },
    "command": {
        "tidy/__main__.py": ("Written by me", "allow_abbrev=False", "--timeout"),
        "settings.ini": ("retries = 3", "timeout = 30"),
    },
    "service": {
        "app/main.py": ('"/mine"', '"/metrics"', "debug=False"),
        "app/config.py": ('region: str = "eu"', "timeout: int = 30"),
        "MIGRATED": ("migrated from 1.0.0 to 2.0.0",),
        "NOTES.txt": ("mine",),
    },
    "analysis": {
        "environment.yml": ("duckdb=1.3", "altair=5.5"),
        "src/features.py": ('"height"', '"city"', "row.get(key)"),
    },
    "mcp": {
        "pyproject.toml": ("stamina>=25", "httpx2>=2.5,<3"),
        "server.py": ('instructions="Mine"', "mask_error_details=True", "logging.basicConfig"),
    },
}
MARKS = (b"<<<<<<<", b">>>>>>>")


def edit(root: Path, name: str) -> None:
    for path, (old, new) in EDITS[name].items():
        text = (root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, path
        (root / path).write_text(text.replace(old, new), encoding="utf-8")
    if name == "service":
        (root / "notes.txt").write_text("mine\n", encoding="utf-8")


def broken(root: Path, name: str) -> list[str]:
    """Return the files that are not whole: markers, rejects, or a line that is not there."""
    found = [
        path
        for path, (_, content) in tree(root).items()
        if path.endswith(".rej") or any(mark in content for mark in MARKS)
    ]
    for path, texts in KEPT[name].items():
        file = root / path
        content = file.read_text(encoding="utf-8") if file.is_file() else ""
        if path not in found and not all(text in content for text in texts):
            found.append(path)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_an_update_keeps_what_copier_breaks(
    name: str,
    tmp_path: Path,
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    repositories: Mapping[str, Path],
) -> None:
    source = repositories[name]
    data: dict[str, Any] = NEEDED.get(name, {})
    theirs = by_copier(source, tmp_path / "theirs", data)
    commit(theirs, "Made")
    edit(theirs, name)
    commit(theirs, "Mine")
    answers = ".template.yml" if name == "service" else None
    copier.run_update(
        theirs, answers_file=answers, defaults=True, overwrite=True, unsafe=True, quiet=True
    )
    assert broken(theirs, name), "Copier can do this too: make the edits harder"

    trust = ["--trust"] if name in TRUSTED else []
    flags = [*data_flags(data), *trust]
    made = cli("new", "ours", "--template", str(source), "--ref", "1.0.0", *flags)
    assert made.code == 0, made.err
    ours = tmp_path / "ours"
    edit(ours, name)
    before = tree(ours)
    monkeypatch.chdir(ours)
    done = cli("update", *trust)
    assert done.code == 0, done.err
    assert broken(ours, name) == []
    for path, (_, content) in tree(ours).items():
        text = content.decode("utf-8", "replace")
        if path.endswith(".py"):
            compile(text, path, "exec")
        elif path.endswith(".toml"):
            tomllib.loads(text)
    again = cli("update", *trust)
    assert again.code == 0
    assert "Nothing to do" in again.err
    assert cli("undo").code == 0
    assert tree(ours) == before

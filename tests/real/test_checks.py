"""Linters, types and declared dependencies, each over all projects of the plan at once."""

from __future__ import annotations

import ast
import re
import shutil
import tomllib
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any

import pytest

from mcpforge.answers import check_name
from mcpforge.errors import UsageError
from real.cover import plan
from real.workshop import Project, Words, Workshop, run, site_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def projects(workshop: Workshop) -> list[Project]:
    """Return all projects, made and installed."""
    return [workshop.project(case) for case in plan()]


def test_ruff(projects: list[Project], workshop: Workshop) -> None:
    ruff = workshop.packages() / "bin" / "ruff"
    roots = [project.root for project in projects]
    checked = run([ruff, "check", "--no-cache", *roots], cwd=workshop.folder, fine=(0, 1))
    formatted = run(
        [ruff, "format", "--no-cache", "--check", *roots], cwd=workshop.folder, fine=(0, 1)
    )
    assert checked.returncode == 0, checked.stdout
    assert formatted.returncode == 0, formatted.stdout


def test_mypy(projects: list[Project], workshop: Workshop) -> None:
    """One strict run over the packages and the tests of all projects, which become packages."""
    folder = workshop.folder / "typed"
    shutil.rmtree(folder, ignore_errors=True)
    lines = []
    for project in projects:
        config = _toml(project)["tool"]["mypy"]
        assert config.pop("files") == ["src", "tests"]
        assert (config.pop("strict"), config.pop("plugins")) == (True, ["pydantic.mypy"])
        for override in config.pop("overrides", ()):
            module = override.pop("module")
            lines += [f"[mypy-{module}]", *(f"{key} = {value}" for key, value in override.items())]
        assert config == {}
        _copy(project.root / "src" / project.package, folder / project.package)
        _copy(project.root / "tests", folder / f"{project.package}_tests")
        (folder / f"{project.package}_tests" / "__init__.py").touch()
    strict = ["[mypy]", "strict = True", "plugins = pydantic.mypy"]
    config_file = folder / "mypy.ini"
    config_file.write_text("\n".join([*strict, *dict.fromkeys(lines), ""]), encoding="utf-8")
    python = workshop.packages() / "bin" / "python"
    command: Words = [python, "-m", "mypy", "--config-file", config_file, "--cache-dir", "cache"]
    done = run([*command, "--no-error-summary", "."], cwd=folder, fine=(0, 1))
    assert done.returncode == 0, done.stdout


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def test_what_is_imported_is_declared(projects: list[Project], workshop: Workshop) -> None:
    owners = _owners(workshop)
    missing = []
    for project in projects:
        data = _toml(project)
        run_time = _names(data["project"]["dependencies"])
        development = _names(data["dependency-groups"]["dev"])
        for folder, declared in (("src", run_time), ("tests", run_time | development)):
            for path in sorted((project.root / folder).rglob("*.py")):
                for module in _imported(path):
                    found = owners.get(module)
                    if found and not found & declared:
                        missing.append(f"{project.case.id}: {path.name} imports {module}: {found}")
    assert missing == []


def test_no_project_can_be_called_like_what_it_stands_on(workshop: Workshop) -> None:
    """Nearly all, since tomorrow's release of a dependency may bring along one more."""
    owners = _owners(workshop)
    modules = {module.lower() for module in owners if module.isidentifier() and module[0] != "_"}
    names = modules | {owner for owned in owners.values() for owner in owned}
    names |= {path.name for path in (workshop.packages() / "bin").iterdir()}
    free = sorted(name for name in names if _is_free(name))
    assert len(names) > 150
    assert len(free) < len(names) / 20, free


def _is_free(name: str) -> bool:
    try:
        check_name(name)
    except UsageError:
        return False
    return True


def _toml(project: Project) -> dict[str, Any]:
    return tomllib.loads((project.root / "pyproject.toml").read_text(encoding="utf-8"))


def _names(requirements: Iterable[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {_normal(match[0]) for match in found if match}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _owners(workshop: Workshop) -> dict[str, set[str]]:
    """Return module → the distributions that hold it."""
    owners: dict[str, set[str]] = {}
    for distribution in distributions(path=[str(site_packages(workshop.packages()))]):
        for file in distribution.files or ():
            if file.suffix in {".py", ".so"}:
                module = file.parts[0].split(".")[0]
                owners.setdefault(module, set()).add(_normal(distribution.metadata["Name"]))
    owners["fastmcp"].add("fastmcp")  # which itself only stands for `fastmcp-slim` with extras
    return owners


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]

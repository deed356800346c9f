"""Where real projects are made: mcpforge from its wheel, and one environment that all borrow."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.render.contributions import merge_requirements
from mcpforge.render.project import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.answers import OptionValue
    from mcpforge.render.settings import Setting
    from real.cover import Case

SOURCE = Path(__file__).resolve().parent.parent.parent
# Read before fixtures change it: uv finds its cache by it.
ENVIRONMENT = {
    key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")
}
SECONDS = 300

Words = Sequence["str | Path"]


def run(
    command: Words,
    *,
    cwd: Path,
    env: dict[str, str] | None = None,
    text: str = "",
    fine: tuple[int, ...] = (0,),
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; anything but the exit codes that are fine fails with its output."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=ENVIRONMENT if env is None else env,
        input=text,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode not in fine:
        words = " ".join(str(word) for word in command)
        message = f"`{words}` in {cwd} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        raise AssertionError(message)
    return done


@contextmanager
def once(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder; gives True to the one process that has to make it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = folder.with_name(f"{folder.name}.made")
    with folder.with_name(f"{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        mine = not mark.exists()
        try:
            yield mine
        except BaseException:
            if mine:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        mark.touch()


def absent(what: object, *, optional: bool = False) -> NoReturn:
    """Skip what needs something that isn't installed, or fail where it must be."""
    reason = f"{what} is not installed"
    if ENVIRONMENT.get("MCPFORGE_REQUIRE_SERVICES") == "1" and not optional:
        pytest.fail(f"{reason}, but MCPFORGE_REQUIRE_SERVICES is 1")
    pytest.skip(reason)


def uv() -> str:
    """Return the path of uv."""
    found = shutil.which("uv", path=ENVIRONMENT["PATH"])
    assert found, "the real tier needs uv"
    return found


def site_packages(environment: Path) -> Path:
    """Return where the packages of a virtual environment are."""
    return next((environment / "lib").glob("python3.*")) / "site-packages"


def all_requirements() -> list[str]:
    """Return what any project may need, at run time or to be worked on."""
    catalog = load()
    layers = (catalog.project, *catalog.groups.values(), *catalog.features.values())
    return merge_requirements(
        [
            requirement
            for layer in layers
            for key in ("dependencies", "dev-dependencies")
            for requirement in layer.lists.get(key, ())
        ]
    )


@dataclass(frozen=True)
class Project:
    """A project on disk, with its own `.venv`."""

    case: Case
    root: Path
    home: Path

    @cached_property
    def answers(self) -> Answers:
        """What it was made of."""
        case = self.case
        return Answers(
            name=case.name,
            title=case.title,
            description=case.description,
            author=case.author,
            license=case.license,
            python=case.python,
            features=case.features,
            options=case.options,
        )

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """What may be set."""
        return tuple(render(self.answers, load()).slots.settings)

    @property
    def package(self) -> str:
        """The name that Python imports."""
        return self.answers.package

    @property
    def python(self) -> Path:
        """Its own interpreter."""
        return self.root / ".venv" / "bin" / "python"

    @property
    def script(self) -> Path:
        """The installed console script."""
        return self.root / ".venv" / "bin" / self.case.name

    @property
    def base_environment(self) -> dict[str, str]:
        """What every process of it runs in: nothing of this machine."""
        return {
            "PATH": f"{self.root / '.venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "FASTMCP_CHECK_FOR_UPDATES": "off",
            "FASTMCP_HOME": str(self.home / "fastmcp"),
        }

    @property
    def env_file(self) -> dict[str, str]:
        """What its `.env` holds."""
        path = self.root / ".env"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")

    def setting(self, name: str) -> Setting | None:
        """Return a setting by its name, if the project has it."""
        return next((setting for setting in self.settings if setting.name == name), None)


class Workshop:
    """Makes what the tests share, each thing once in a session, whichever worker comes first."""

    def __init__(self, folder: Path) -> None:
        """Work in this folder, which all workers share."""
        self.folder = folder

    def wheel(self) -> Path:
        """Return mcpforge's console script, installed from the wheel into a fresh environment."""
        environment = self.folder / "mcpforge"
        with once(environment) as mine:
            if mine:
                wheels = self.folder / "wheels"
                run([uv(), "build", "-q", "--wheel", "--out-dir", wheels, SOURCE], cwd=self.folder)
                run([uv(), "venv", "-q", "--python", sys.executable, environment], cwd=self.folder)
                (wheel,) = wheels.glob("*.whl")
                python = environment / "bin" / "python"
                run([uv(), "pip", "install", "-q", "--python", python, wheel], cwd=self.folder)
        return environment / "bin" / "mcpforge"

    def packages(self) -> Path:
        """Return the environment with whatever a project may need."""
        environment = self.folder / "packages"
        with once(environment) as mine:
            if mine:
                run([uv(), "venv", "-q", "--python", sys.executable, environment], cwd=self.folder)
                python = environment / "bin" / "python"
                command = [uv(), "pip", "install", "-q", "--python", str(python)]
                run([*command, *all_requirements()], cwd=self.folder)
        return environment

    def project(self, case: Case) -> Project:
        """Return the project of a case, installed into an environment that borrows the packages."""
        root = self.folder / "projects" / f"{case.number:02}" / case.name
        project = Project(case, root, self.folder / "home")
        with once(root) as mine:
            if mine:
                project.home.mkdir(exist_ok=True)
                self.generate(case, root)
                self._install(project)
        return project

    def generate(self, case: Case, root: Path) -> dict[str, Any]:
        """Make a project with the installed mcpforge: by flags, every other one by a file."""
        command = [str(self.wheel()), "new", str(root), "--no-git", "--json"]
        texts = ("title", "description", "author", "license", "python")
        given = {key: getattr(case, key) for key in texts}
        if case.number % 2:
            data = {
                **given,
                "features": list(case.features),
                "options": {
                    feature: {name: _plain(value) for name, value in values.items()}
                    for feature, values in case.options.items()
                },
            }
            done = run([*command, "--answers", "-"], cwd=self.folder, text=json.dumps(data))
        else:
            for key, value in given.items():
                command += [f"--{key}", value]
            command += ["--preset", case.preset] if case.preset else []
            for feature in () if case.preset else case.features:
                command += ["--with", feature]
            for feature, values in case.options.items():
                for name, value in values.items():
                    command += ["--set", f"{feature}.{name}={_flag(value)}"]
            done = run(command, cwd=self.folder)
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    def _install(self, project: Project) -> None:
        packages = self.packages()
        environment = project.root / ".venv"
        run([uv(), "venv", "-q", "--python", sys.executable, environment], cwd=project.root)
        borrowed = site_packages(environment) / "borrowed.pth"
        borrowed.write_text(f"{site_packages(packages)}\n", encoding="utf-8")
        command = [uv(), "pip", "install", "-q", "--no-deps"]
        run([*command, "--python", project.python, "-e", "."], cwd=project.root)


def _plain(value: OptionValue) -> object:
    return list(value) if isinstance(value, tuple) else value


def _flag(value: OptionValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)

"""The example package as its users have it: built, installed beside mcpforge, chosen, renewed."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from real.workshop import Workshop, run, site_packages, uv

EXAMPLE = Path(__file__).parent / "acme_features"
PROJECT = ("--with", "acme-maintenance", "--with", "acme-weekday", "--with", "health")

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return a workshop of this module's own, so that no other test meets the package."""
    return Workshop(tmp_path_factory.mktemp("acme"))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the packages that all real projects of this session borrow."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "real"
    folder.mkdir(exist_ok=True)
    return site_packages(Workshop(folder).packages())


class Place:
    """An environment with mcpforge from its wheel, into which versions of the package go."""

    def __init__(self, workshop: Workshop, home: Path) -> None:
        """Take the environment of a workshop."""
        self.script = workshop.wheel()
        self.python = self.script.parent / "python"
        self.folder = workshop.folder
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"}

    def build(self, version: str, source: Path = EXAMPLE) -> Path:
        """Build a version of the package as a wheel, by hatchling."""
        copy = self.folder / f"source-{version}"
        if not copy.exists():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, copy, ignore=ignored)
            about = copy / "pyproject.toml"
            text = about.read_text(encoding="utf-8")
            about.write_text(text.replace('"1.0.0"', f'"{version}"'), encoding="utf-8")
            module = copy / "src/acme_features/__init__.py"
            module.write_text("raise SystemExit('it was imported')\n", encoding="utf-8")
        if version != "1.0.0":
            templates = copy / "src/acme_features/acme/acme-weekday/files"
            tool = templates / "src/{{ package }}/tools/weekday.py.jinja"
            text = tool.read_text(encoding="utf-8")
            tool.write_text(text.replace("the English name", "the name"), encoding="utf-8")
        run([uv(), "build", "-q", "--wheel", "--out-dir", self.folder / "dist", copy], cwd=copy)
        return next((self.folder / "dist").glob(f"acme_features-{version}-*.whl"))

    def install(self, version: str) -> None:
        """Install a version of the package."""
        command: list[str | Path] = [uv(), "pip", "install", "-q", "--no-deps", "--python"]
        command.append(self.python)
        run([*command, self.build(version)], cwd=self.folder)

    def uninstall(self) -> None:
        """Take the package away."""
        run(
            [uv(), "pip", "uninstall", "-q", "--python", self.python, "acme-features"],
            cwd=self.folder,
        )

    def __call__(self, *words: str | Path, code: int = 0) -> dict[str, Any]:
        """Run mcpforge and return its envelope."""
        command = [self.script, *words, "--json"]
        done = run(command, cwd=self.folder, env=self.environment, fine=(code,))
        loaded: dict[str, Any] = json.loads(done.stdout)
        return loaded


@pytest.fixture(scope="module")
def place(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return the environment with the first version installed."""
    made = Place(workshop, tmp_path_factory.mktemp("home"))
    made.install("1.0.0")
    return made


def content(root: Path) -> dict[str, bytes]:
    """Return the files of a project without what belongs to this machine."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {"local", ".venv"} & set(path.relative_to(root).parts)
    }


def test_the_wheel_holds_its_folders(place: Place) -> None:
    installed = site_packages(place.python.parent.parent) / "acme_features"
    assert (installed / "middleware/acme-maintenance/feature.toml").is_file()
    assert (installed / "acme/acme-weekday/files/src/{{ package }}/tools").is_dir()


def test_it_is_listed_with_its_origin(place: Place) -> None:
    groups = {group["id"]: group["features"] for group in place("features")["data"]["groups"]}
    assert [item["id"] for item in groups["acme"]] == ["acme-weekday"]
    members = {item["id"]: item["origin"] for item in groups["middleware"]}
    assert members["acme-maintenance"] == "acme-features 1.0.0"
    assert set(members.values()) == {"", "acme-features 1.0.0"}


def test_add_is_new_and_remove_gives_back(place: Place) -> None:
    place("new", "made", "--name", "demo", "--no-git", *PROJECT)
    place("new", "grown", "--name", "demo", "--no-git", "--with", "health")
    before = content(place.folder / "grown")
    place("-C", place.folder / "grown", "add", "acme-weekday", "acme-maintenance")
    assert content(place.folder / "grown") == content(place.folder / "made")
    assert "nothing" not in place("-C", place.folder / "grown", "add", "acme-weekday")["errors"]
    place("-C", place.folder / "grown", "remove", "acme", "acme-weekday")
    place("-C", place.folder / "grown", "remove", "acme-maintenance")
    assert content(place.folder / "grown") == before


def test_the_project_passes_its_own_tests(place: Place, packages: Path) -> None:
    root = place.folder / "tested"
    message = 'Back "soon" {{ 1 }} it\'s'
    option = f"acme-maintenance.message={message}"
    place("new", root, "--no-git", *PROJECT, "--set", option)
    run([uv(), "venv", "-q", "--python", sys.executable, ".venv"], cwd=root)
    borrowed = site_packages(root / ".venv") / "borrowed.pth"
    borrowed.write_text(f"{packages}\n", encoding="utf-8")
    python = root / ".venv" / "bin" / "python"
    run([uv(), "pip", "install", "-q", "--no-deps", "--python", python, "-e", "."], cwd=root)
    for tool in (("pytest", "-q"), ("ruff", "check", "."), ("ruff", "format", "--check", ".")):
        run([python, "-m", *tool], cwd=root)
    run([python, "-m", "mypy"], cwd=root)
    assert not list(root.rglob("acme_features"))  # nothing of the package is needed to run it


def test_a_newer_version_comes_with_update(place: Place) -> None:
    root = place.folder / "renewed"
    place("new", root, "--no-git", *PROJECT)
    try:
        place.install("1.1.0")
        checks = place("-C", root, "doctor")["data"]["checks"]
        assert [item["message"] for item in checks if item["level"] == "warning"] == [
            "`acme-maintenance`, `acme-weekday`: from acme-features 1.0.0 to acme-features 1.1.0"
        ]
        changes = place("-C", root, "update")["data"]["changes"]
        assert [(item["path"], item["origin"], item["runs"]) for item in changes] == [
            ("src/renewed/tools/weekday.py", "acme-features 1.1.0", "in the server")
        ]
        place.install("1.0.0")
        (error,) = place("-C", root, "add", "timing", code=1)["errors"]
        assert error["code"] == "features_newer"
        assert "acme-features>=1.1.0" in error["hint"]
    finally:
        place.install("1.0.0")


def test_without_the_package_nothing_is_lost(place: Place) -> None:
    root = place.folder / "missing"
    place("new", root, "--no-git", *PROJECT)
    before = content(root)
    place.uninstall()
    try:
        (error,) = place("-C", root, "add", "timing", code=1)["errors"]
        assert error["code"] == "features_missing"
        assert "uv pip install 'acme-features>=1.0.0'" in error["hint"]
        assert content(root) == before
        assert place("-C", root, "info")["data"]["missing"] == ["acme-maintenance", "acme-weekday"]
    finally:
        place.install("1.0.0")
    place("-C", root, "add", "timing")


def test_an_editable_package_is_read_as_it_stands(place: Place) -> None:
    """Authors see a change at once, without building anything again."""
    source = place.folder / "source-editable"
    shutil.copytree(EXAMPLE, source)
    install = (uv(), "pip", "install", "-q", "--no-deps", "--python")
    try:
        run([*install, place.python, "-e", source], cwd=source)
        assert place("features", "acme-weekday")["data"]["title"] == "Weekday"
        manifest = source / "src/acme_features/acme/acme-weekday/feature.toml"
        text = manifest.read_text(encoding="utf-8").replace('"Weekday"', '"Day of the week"')
        manifest.write_text(text, encoding="utf-8")
        assert place("features", "acme-weekday")["data"]["title"] == "Day of the week"
    finally:
        place.uninstall()
        place.install("1.0.0")

"""The steps of the Containerfile, carried out in a folder; then what the image would start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mcpforge.catalog.catalog import load
from mcpforge.catalog.resolve import resolve
from real import servers
from real.cover import Case
from real.recipes import Kitchen
from real.workshop import Project, Workshop, run, uv

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real
FEATURES = ("container", "health", "resources", "filetree", "telemetry")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
SECONDS = 60


def made(workshop: Workshop, folder: Path, features: tuple[str, ...]) -> Project:
    """Return a project as its users have it after `new`, with no environment of its own."""
    chosen = frozenset(one.id for one in resolve(load(), features).features)
    case = Case("Boxed.Server", features, chosen, python=PYTHON)
    project = Project(case, folder / case.name, folder)
    workshop.generate(case, project.root)
    return project


def kitchen(project: Project, folder: Path) -> Kitchen:
    root = folder / "image"
    root.mkdir()
    run([sys.executable, "-m", "venv", root / "python"], cwd=folder)
    return Kitchen(project.root, root)


def cooked(project: Project, folder: Path) -> Kitchen:
    found = kitchen(project, folder)
    found.carry_out((project.root / "Containerfile").read_text(encoding="utf-8"))
    return found


def check_image(project: Project, made: Kitchen, folder: Path) -> None:
    """Start what the image starts; its health check must agree before and after the end."""
    port = servers.free_port()
    needed = {one.env: one.test for one in project.settings if one.test and one.required}
    values = made.environment | needed
    changes = {"8000": str(port), "0.0.0.0": "127.0.0.1"}
    command = [changes.get(word, word) for word in made.command]
    health = [word.replace("8000", str(port)) for word in made.health]
    for name in ("pytest", "mypy", "ruff"):
        assert not (made.root / "opt/venv/bin" / name).exists()

    def healthy() -> bool:
        return subprocess.run(health, env=values, capture_output=True, check=False).returncode == 0

    assert not healthy()
    with (folder / "log").open("wb") as log:
        program = shutil.which(command[0], path=values["PATH"])
        assert program == str(made.root / "opt/venv/bin/uvicorn")
        process = subprocess.Popen([program, *command[1:]], cwd=made.here, env=values, stderr=log)
    try:
        deadline = time.monotonic() + SECONDS
        while not healthy():
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert "Application shutdown complete" in (folder / "log").read_text(encoding="utf-8")


def test_with_a_lock(workshop: Workshop, tmp_path: Path) -> None:
    project = made(workshop, tmp_path, FEATURES)
    run([uv(), "lock", "-q"], cwd=project.root)
    lock = (project.root / "uv.lock").read_bytes()
    image = cooked(project, tmp_path)
    assert (image.root / "build/uv.lock").read_bytes() == lock
    assert image.user == "10001:10001"
    assert (image.root / "app/content").is_dir()
    check_image(project, image, tmp_path)


def test_without_a_lock(workshop: Workshop, tmp_path: Path) -> None:
    project = made(workshop, tmp_path, ("container",))
    assert not (project.root / "uv.lock").exists()
    image = cooked(project, tmp_path)
    assert (image.root / "build/uv.lock").exists()
    check_image(project, image, tmp_path)


def test_a_lock_that_is_out_of_date_stops_the_build(workshop: Workshop, tmp_path: Path) -> None:
    project = made(workshop, tmp_path, ("container",))
    run([uv(), "lock", "-q"], cwd=project.root)
    manifest = project.root / "pyproject.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"uvicorn>=', '"idna>=3",\n    "uvicorn>='), encoding="utf-8")
    image = kitchen(project, tmp_path)
    with pytest.raises(AssertionError, match="lockfile"):
        image.carry_out((project.root / "Containerfile").read_text(encoding="utf-8"))
    assert not any("uv sync" in step for step in image.done)
    assert not os.path.lexists(image.root / "opt/venv")

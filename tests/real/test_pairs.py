"""Every provider on every storage: typed, built offline, its metadata there, strangers refused.

In one process, since as projects of their own they would be hundreds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.errors import ForgeError
from mcpforge.render.project import render
from real.cover import FEW, Cover
from real.workshop import Words, Workshop, run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real
PROBE = Path(__file__).with_name("pairs_probe.py")


def pairs() -> Iterator[tuple[str, str]]:
    """Return each two members of the two choices of many: a provider and a storage."""
    cover = Cover(load())
    first, second = sorted(choice for choice in cover.choices if len(cover.choices[choice]) > FEW)
    for one in cover.choices[first]:
        for other in cover.choices[second]:
            yield one, other


@pytest.fixture(scope="module")
def packages(workshop: Workshop) -> Path:
    """Return a folder with a package for each pair, and what their settings are in tests."""
    folder = workshop.folder / "pairs"
    environments = {}
    for number, pair in enumerate(pairs()):
        answers = Answers(f"pair-{number}", features=pair)
        try:
            rendered = render(answers, load())
        except ForgeError as error:
            pytest.fail(f"{pair}: {error}")
        for path, file in rendered.tree.items():
            if path.startswith("src/"):
                target = folder / path.removeprefix("src/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.content)
        environments[answers.package] = {
            setting.env: setting.test
            for setting in rendered.slots.settings
            if setting.test is not None
        }
    assert len(environments) > 200
    (folder / "environments.json").write_text(json.dumps(environments), encoding="utf-8")
    return folder


def test_each_is_built_offline_and_refuses_strangers(packages: Path, workshop: Workshop) -> None:
    python = workshop.packages() / "bin" / "python"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(packages), "PYTHONPATH": str(packages)}
    command: Words = [python, PROBE, packages / "environments.json"]
    done = run(command, cwd=packages, env={**environment, "FASTMCP_CHECK_FOR_UPDATES": "off"})
    numbers = {f"pair_{number}": pair for number, pair in enumerate(pairs())}
    wrong = [line.split(" ", 1) for line in done.stdout.splitlines()]
    assert [(numbers[package], said) for package, said in wrong] == []


def test_each_is_well_typed(packages: Path, workshop: Workshop) -> None:
    python = workshop.packages() / "bin" / "python"
    config = packages / "mypy.ini"
    config.write_text("[mypy]\nstrict = True\nplugins = pydantic.mypy\n", encoding="utf-8")
    command: Words = [python, "-m", "mypy", "--config-file", config, "--cache-dir", "cache"]
    done = run([*command, "--no-error-summary", "."], cwd=packages, fine=(0, 1))
    assert done.returncode == 0, done.stdout

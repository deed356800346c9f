"""Fixtures that many tests share: the real catalogue, a quiet machine, the command in process."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from mcpforge.catalog.catalog import Catalog, load
from processes import CommandLine, clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

settings.register_profile(
    "fast",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "search",
    parent=settings.get_profile("fast"),
    derandomize=False,
    max_examples=1_000,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


# Their tests start a process each: Copier, a server of ours, a child with limits, a schema checker.
SLOW = ("foreign", "serve", "thirdparty", "delivery")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of folders in which most are slow."""
    for item in items:
        folder = item.path.relative_to(config.rootpath / "tests").parts[0]
        if folder in SLOW:
            item.add_marker(pytest.mark.slow)


# A shell in the background ignores Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Return the built-in catalogue."""
    return load()


@pytest.fixture(autouse=True)
def machine(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Give each test a home of its own, a git identity, and no variables of this machine."""
    home = tmp_path_factory.mktemp("home")
    environment = clean_environment(home)
    for name in list(os.environ):
        if name not in environment and not name.startswith(("PYTEST_", "COVERAGE_", "COV_")):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield environment


@pytest.fixture
def cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Return the command line, run in this process and in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CommandLine(capsys)

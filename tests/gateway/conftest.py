"""The real gateway, for all tests of a session: installed once, and one that runs for who asks."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway import real
from mcpforge.gateway import process
from real.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the folder that all workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "contextforge"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def installed_gateway(shared_folder: Path) -> Callable[[str], Path]:
    """Return what installs the gateway for a Python, the first time, and says where it is."""
    return lambda version: real.installed(shared_folder / version, version)


@pytest.fixture(scope="session")
def contextforge(
    shared_folder: Path, installed_gateway: Callable[[str], Path]
) -> Iterator[real.Home]:
    """Run one gateway for all tests of the session that ask for it, on the newest Python."""
    newest = next(iter(real.pythons()), "3.13")
    installed_at = installed_gateway(newest)
    folder = shared_folder / "shared"
    with _alone(shared_folder):
        home = real.home_with(installed_at, folder)
        port = shared_folder / "port"
        if not port.exists():
            port.write_text(str(real.free_port()))
        home("start", "--port", port.read_text())
        _count(shared_folder, 1)
    yield home
    with _alone(shared_folder):
        if _count(shared_folder, -1) == 0:
            home("stop")


@pytest.fixture
def own(installed_gateway: Callable[[str], Path], tmp_path: Path) -> Iterator[real.Home]:
    """Run a gateway for one test, that it may stop and start."""
    newest = next(iter(real.pythons()), "3.13")
    home = real.home_with(installed_gateway(newest), tmp_path / "state")
    home("start", "--port", str(real.free_port()))
    yield home
    if record := home.state.record():
        process.end_group(record.pid)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Workshop:
    """Return the workshop of this session; all workers have the same."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "real"
    folder.mkdir(exist_ok=True)
    return Workshop(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _count(folder: Path, change: int) -> int:
    path = folder / "users"
    number = (int(path.read_text()) if path.exists() else 0) + change
    path.write_text(str(number))
    return number

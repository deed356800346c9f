"""The store in a folder."""

import asyncio
import logging
from pathlib import Path

import pytest
from fastmcp import Client, FastMCP
from key_value.aio.stores.filetree import FileTreeStore

from storage_server.settings import Settings
from storage_server.storage import build_storage
from storage_server.storage.backend import open_store


def entries(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*/*.json") if path.is_file()]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def wait_until_removed(folder: Path) -> None:
    for _ in range(500):
        if not entries(folder):
            return
        await asyncio.sleep(0.01)
    pytest.fail("expired entries are still there")


async def test_entries_survive_a_restart(settings: Settings) -> None:
    await open_store(settings).put("key", {"value": 1})
    assert await open_store(settings).get("key") == {"value": 1}


async def test_nobody_else_may_read(settings: Settings) -> None:
    await open_store(settings).put("key", {"value": 1})
    assert settings.storage_path.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in entries(settings.storage_path))


@pytest.mark.parametrize("name", ["../../outside", "a/b", "x" * 500, "\N{SNOWMAN}", "CON"])
async def test_any_name_stays_inside(settings: Settings, tmp_path: Path, name: str) -> None:
    store = open_store(settings)
    await store.put(name, {"value": name}, collection=name)
    assert await store.get(name, collection=name) == {"value": name}
    assert names(tmp_path) == ["data"]


async def test_expired_entries_are_removed(settings: Settings, server: FastMCP) -> None:
    await build_storage(settings).use("app").put("key", {"value": 1}, ttl=0.01)
    assert entries(settings.storage_path)
    await asyncio.sleep(0.02)
    async with Client(server):
        await wait_until_removed(settings.storage_path)


async def test_culling_outlives_a_bad_disk(
    server: FastMCP,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_store: FileTreeStore) -> None:
        raise OSError("disk is gone")

    monkeypatch.setattr(FileTreeStore, "cull", fail)
    with caplog.at_level(logging.ERROR):
        async with Client(server):
            await asyncio.sleep(0)
    assert "Expired entries were not removed" in caplog.text

"""The store in Redis."""

import os
import uuid

import pytest
from fastmcp import Client
from key_value.aio.stores.memory import MemoryStore
from pydantic import SecretStr
from redis.exceptions import ConnectionError as RedisConnectionError

from everything_server.server import create_server
from everything_server.settings import Settings
from everything_server.storage import Storage, check_storage
from everything_server.storage.backend import Store, connect, open_store

URL = os.environ.get("EVERYTHING_SERVER_TEST_REDIS_URL", "")
needs_redis = pytest.mark.skipif(
    not URL,
    reason="EVERYTHING_SERVER_TEST_REDIS_URL is not set",
)


@pytest.fixture
def own(settings: Settings) -> Settings:
    """Return settings with a prefix that nobody else has."""
    changes = {"redis_url": SecretStr(URL), "storage_prefix": f"test-{uuid.uuid4()}"}
    return settings.model_copy(update=changes)


def test_the_url_may_hold_escapes() -> None:
    store = connect("redis://user:p%40ss@redis.example:6380/2")
    options = store.client.connection_pool.connection_kwargs
    assert options["password"] == "p@ss"
    assert (options["host"], options["port"], options["db"]) == ("redis.example", 6380, 2)


@pytest.mark.parametrize("url", ["localhost:6379", "http://:swordfish@redis", "redis://redis:port"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(SystemExit, match="REDIS_URL must be like") as caught:
        connect(url)
    assert "swordfish" not in str(caught.value)


def test_the_url_chooses_the_store(settings: Settings) -> None:
    assert isinstance(open_store(settings), MemoryStore)
    real = settings.model_copy(update={"redis_url": SecretStr("redis://localhost")})
    assert isinstance(open_store(real), Store)


async def test_readiness_fails_without_redis(settings: Settings) -> None:
    async with connect("redis://127.0.0.1:1") as store:
        storage = Storage(store, settings)
        with pytest.raises(RedisConnectionError):
            await check_storage({"storage": storage.use("app")})


@needs_redis
async def test_replicas_share_entries(own: Settings) -> None:
    async with connect(URL) as first, connect(URL) as second:
        one, other = Storage(first, own), Storage(second, own)
        await one.use("app").put("key", {"value": 1}, ttl=60)
        assert await other.use("app").get("key") == {"value": 1}
        assert await other.use("session").get("key") is None
        _, seconds = await other.use("app").ttl("key")
        assert seconds == pytest.approx(60, abs=5)
        await check_storage({"storage": other.use("app")})


@needs_redis
async def test_the_server_uses_it(own: Settings) -> None:
    server = create_server(own)
    for expected in ("not found", "metric"):
        async with Client(server) as client:
            found = await client.call_tool("get_preference", {"key": "units"})
            assert found.data == expected
            await client.call_tool("save_preference", {"key": "units", "value": "metric"})

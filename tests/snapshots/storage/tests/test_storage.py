"""The store and its views."""

import pytest
from cryptography.fernet import Fernet
from fastmcp import Client, Context, FastMCP
from fastmcp.tools import tool
from key_value.aio.errors import DecryptionError
from key_value.aio.stores.memory import MemoryStore
from pydantic import SecretStr

from storage_server.settings import Settings
from storage_server.storage import (
    Storage,
    build_storage,
    check_storage,
    session_store,
)
from storage_server.storage.request_state import request_state_security


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return build_storage(settings)


def with_keys(settings: Settings, *keys: bytes, encrypted: bool = True) -> Settings:
    text = ",".join(key.decode() for key in keys)
    changes = {"storage_encrypted": encrypted, "storage_keys": SecretStr(text)}
    return settings.model_copy(update=changes)


async def test_uses_never_meet(storage: Storage) -> None:
    await storage.use("app").put("key", {"value": 1})
    assert await storage.use("app").get("key") == {"value": 1}
    assert await storage.use("session").get("key") is None


async def test_projects_never_meet(settings: Settings, storage: Storage) -> None:
    other = Storage(storage.base, settings.model_copy(update={"storage_prefix": "other"}))
    await storage.use("app").put("key", {"value": 1})
    assert await other.use("app").get("key") is None


async def test_an_entry_may_end_earlier_than_the_default(storage: Storage) -> None:
    store = storage.use("app", ttl=3600)
    await store.put("usual", {"value": 1})
    await store.put("session", {"value": 1}, ttl=300)
    _, usual = await store.ttl("usual")
    _, session = await store.ttl("session")
    assert usual == pytest.approx(3600, abs=5)
    assert session == pytest.approx(300, abs=5)


async def test_without_a_default_entries_stay(storage: Storage) -> None:
    store = storage.use("app")
    await store.put("key", {"value": 1})
    assert await store.ttl("key") == ({"value": 1}, None)


async def test_sessions_end(settings: Settings, storage: Storage) -> None:
    store = session_store(settings, storage)
    await store.put("key", {"value": 1})
    _, seconds = await store.ttl("key")
    assert seconds == pytest.approx(settings.session_ttl, abs=5)


async def test_sessions_keep_state_between_calls(server: FastMCP) -> None:
    @tool
    async def count(context: Context) -> int:
        number = int(await context.get_state("number") or 0) + 1
        await context.set_state("number", number)
        return number

    server.add_tool(count)
    async with Client(server, mode="legacy") as client:
        assert [(await client.call_tool("count")).data for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("everything", [True, False])
async def test_values_are_encrypted(settings: Settings, *, everything: bool) -> None:
    base = MemoryStore()
    hidden = Storage(base, with_keys(settings, Fernet.generate_key(), encrypted=everything))
    store = hidden.use("app", encrypted=not everything)
    await store.put("key", {"value": "swordfish"})
    assert await store.get("key") == {"value": "swordfish"}
    plain = Storage(base, settings.model_copy(update={"storage_encrypted": False}))
    assert "swordfish" not in str(await plain.use("app").get("key"))


async def test_keys_are_rotated_without_a_gap(settings: Settings) -> None:
    base = MemoryStore()
    old, new = Fernet.generate_key(), Fernet.generate_key()
    await Storage(base, with_keys(settings, old)).use("app").put("first", {"value": 1})
    both = Storage(base, with_keys(settings, new, old)).use("app")
    assert await both.get("first") == {"value": 1}
    await both.put("second", {"value": 2})
    only_new = Storage(base, with_keys(settings, new)).use("app")
    assert await only_new.get("second") == {"value": 2}
    with pytest.raises(DecryptionError):
        await only_new.get("first")


@pytest.mark.parametrize("keys", [None, SecretStr("not-a-key")])
async def test_encryption_needs_a_key(settings: Settings, keys: SecretStr | None) -> None:
    changes = {"storage_encrypted": True, "storage_keys": keys}
    storage = build_storage(settings.model_copy(update=changes))
    with pytest.raises(SystemExit, match="STORAGE_KEYS must hold") as caught:
        storage.use("app")
    assert "not-a-key" not in str(caught.value)


async def test_readiness_asks_the_store(storage: Storage) -> None:
    class Broken(MemoryStore):
        async def get(self, *_: object, **__: object) -> dict[str, object] | None:
            raise ConnectionError

    await check_storage({"storage": storage.use("app")})
    with pytest.raises(ConnectionError):
        await check_storage({"storage": Broken()})


def test_replicas_with_one_key_understand_each_other() -> None:
    first = request_state_security(SecretStr("k" * 32))
    second = request_state_security(SecretStr("k" * 32))
    assert first
    assert second
    assert second.codec.unseal(first.codec.seal(b"state")) == b"state"
    assert request_state_security(None) is None

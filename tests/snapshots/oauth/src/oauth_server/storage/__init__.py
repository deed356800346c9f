"""Storage: one store for all that outlives a request, with a prefix for each use."""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from fastmcp import Context, FastMCP
from fastmcp.dependencies import CurrentContext
from fastmcp.server.lifespan import Lifespan, lifespan
from key_value.aio.protocols import AsyncKeyValue
from key_value.aio.wrappers.encryption import FernetEncryptionWrapper
from key_value.aio.wrappers.prefix_collections import PrefixCollectionsWrapper
from key_value.aio.wrappers.ttl_clamp import TTLClampWrapper

from ..settings import Settings
from .backend import open_store


class Storage:
    """The one store, seen through views that never meet."""

    def __init__(self, base: AsyncKeyValue, settings: Settings) -> None:
        """Keep everything in `base`."""
        self.base = base
        self.prefix = settings.storage_prefix
        self.encrypted = settings.storage_encrypted
        keys = settings.storage_keys
        self.keys = keys.get_secret_value().split(",") if keys else []

    def use(self, name: str, *, ttl: int = 0, encrypted: bool = False) -> AsyncKeyValue:
        """Return the view for one use.

        Entries put without a `ttl` of their own end after this many seconds, with 0 never.
        """
        view: AsyncKeyValue = PrefixCollectionsWrapper(self.base, prefix=f"{self.prefix}-{name}")
        if encrypted or self.encrypted:
            view = FernetEncryptionWrapper(view, fernet=self._fernet())
        if ttl:
            view = TTLClampWrapper(view, min_ttl=1, max_ttl=math.inf, missing_ttl=ttl)
        return view

    def _fernet(self) -> MultiFernet:
        """Return the cipher: the first key encrypts, every key decrypts."""
        try:
            return MultiFernet([Fernet(key.strip()) for key in self.keys])
        except ValueError:
            raise SystemExit(
                "OAUTH_SERVER_STORAGE_KEYS must hold at least one Fernet key "
                "because stored values are encrypted: `mcpforge env` makes one.",
            ) from None


def build_storage(settings: Settings) -> Storage:
    """Return the storage; network stores connect with the first entry."""
    return Storage(open_store(settings), settings)


def session_store(settings: Settings, storage: Storage) -> AsyncKeyValue:
    """Return where sessions keep their state, which nobody else would ever remove."""
    return storage.use("session", ttl=settings.session_ttl)


def storage_lifespan(settings: Settings, storage: Storage) -> Lifespan:
    """Make the application's view reachable, and close the store at the end."""

    @lifespan
    async def open_and_close(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            if isinstance(storage.base, AbstractAsyncContextManager):
                await stack.enter_async_context(storage.base)
            yield {"storage": storage.use("app", ttl=settings.storage_ttl)}

    return open_and_close


def get_storage(context: Context = CurrentContext()) -> AsyncKeyValue:
    """Return the store. Use as `storage: AsyncKeyValue = Depends(get_storage)`."""
    storage: AsyncKeyValue = context.lifespan_context["storage"]
    return storage


async def check_storage(state: Mapping[str, Any]) -> None:
    """Raise when the store doesn't answer."""
    storage: AsyncKeyValue = state["storage"]
    await storage.get("ready", collection="readiness")

"""Counting: in this process, or in Redis for all replicas."""

import logging
import math
import time
from collections.abc import AsyncIterator
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.lifespan import Lifespan, lifespan
from limits import parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from ..settings import Settings

logger = logging.getLogger(__name__)

FORM = "must be memory:// or like redis://localhost:6379/0"
TIMEOUT_S = 2.0


class LimiterUnavailableError(Exception):
    """The counts can't be reached, and nothing may pass meanwhile."""


class Limiter:
    """Allows so many hits for each key in a window that slides, like `60/minute`."""

    def __init__(self, limit: str, settings: Settings) -> None:
        """Connect at the first hit, so that a limiter belongs to the loop that it runs in."""
        self._item = parse(limit)
        self._fail_open = settings.rate_limit_fail_open
        url = _storage_url(settings)
        self._pool = None if url.startswith("memory://") else _connect(url)
        storage = _shared_storage(url, self._pool) if self._pool else MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    async def wait(self, *key: str) -> int:
        """Count one hit; return 0, or the seconds until another is allowed."""
        try:
            if await self._limiter.hit(self._item, *key):
                return 0
            reset, _ = await self._limiter.get_window_stats(self._item, *key)
        except StorageError as error:
            logger.error("The counts of the limiter can't be reached: %s", error.storage_error)
            if self._fail_open:
                return 0
            raise LimiterUnavailableError from error
        return max(1, math.ceil(reset - time.time()))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.aclose()


def close_limiter(limiter: Limiter) -> Lifespan:
    """Close the connections of the limiter when the server stops."""

    @lifespan
    async def closing(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {}
        finally:
            await limiter.aclose()

    return closing


def _connect(url: str) -> ConnectionPool:
    try:
        return ConnectionPool.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
    except ValueError:
        raise SystemExit(
            f"EVERYTHING_SERVER_RATE_LIMIT_URL {FORM}",
        ) from None


def _shared_storage(url: str, pool: ConnectionPool) -> RedisStorage:
    options: dict[str, Any] = {"connection_pool": pool}
    return RedisStorage(
        f"async+{url}",
        implementation="redispy",
        key_prefix="everything-server:limit",
        wrap_exceptions=True,
        **options,
    )


def _storage_url(settings: Settings) -> str:
    if settings.rate_limit_url:
        return settings.rate_limit_url.get_secret_value()
    return settings.redis_url.get_secret_value()

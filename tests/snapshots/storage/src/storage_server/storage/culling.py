"""Expired entries: nobody reads them, their files stay until they are removed here."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.lifespan import Lifespan, lifespan
from key_value.aio.stores.base import BaseCullStore

from . import Storage

logger = logging.getLogger(__name__)

HOUR = 3600


def culling_lifespan(storage: Storage) -> Lifespan:
    """Remove what has expired, at the start and every hour."""

    @lifespan
    async def cull(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        task = asyncio.create_task(_cull_hourly(storage))
        try:
            yield {}
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return cull


async def _cull_hourly(storage: Storage) -> None:
    assert isinstance(storage.base, BaseCullStore)
    while True:
        try:
            await storage.base.cull()
        except OSError:
            logger.exception("Expired entries were not removed")
        await asyncio.sleep(HOUR)

"""Answers of tools that opt in, kept for a while."""

from collections.abc import AsyncIterator
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.dependencies import get_access_token
from fastmcp.server.lifespan import Lifespan, lifespan
from fastmcp.server.middleware import CallNext, MiddlewareContext
from fastmcp.server.middleware.caching import (
    CallToolSettings,
    GetPromptSettings,
    ListPromptsSettings,
    ListResourcesSettings,
    ListToolsSettings,
    ReadResourceSettings,
    ResponseCachingMiddleware,
)
from fastmcp.tools import ToolResult
from key_value.aio.protocols import AsyncKeyValue
from key_value.aio.stores.memory import MemoryStore
from key_value.aio.stores.redis import RedisStore
from key_value.aio.wrappers.fallback import FallbackWrapper
from key_value.aio.wrappers.prefix_collections import PrefixCollectionsWrapper
from mcp.types import CallToolRequestParams
from redis.asyncio import Redis

from ..settings import Settings

CACHED = "cached"
FORM = "must be memory:// or like redis://localhost:6379/0"
TIMEOUT_S = 2.0


class ToolCacheMiddleware(ResponseCachingMiddleware):
    """Caches tools that are tagged `cached` and annotated read-only, apart for each token.

    Lists are not cached: what a caller may see can change at any time.
    """

    def __init__(self, settings: Settings, redis: Redis | None) -> None:
        """Keep answers in Redis, or in this process."""
        self._anonymous = settings.cache_anonymous
        super().__init__(
            cache_storage=_build_store(settings, redis),
            call_tool_settings=CallToolSettings(ttl=settings.cache_ttl),
            list_tools_settings=ListToolsSettings(enabled=False),
            list_resources_settings=ListResourcesSettings(enabled=False),
            list_prompts_settings=ListPromptsSettings(enabled=False),
            read_resource_settings=ReadResourceSettings(enabled=False),
            get_prompt_settings=GetPromptSettings(enabled=False),
        )

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Answer from the cache what may be."""
        if await self._may_cache(context):
            return await super().on_call_tool(context, call_next)
        return await call_next(context)

    async def _may_cache(self, context: MiddlewareContext[CallToolRequestParams]) -> bool:
        connection = context.fastmcp_context
        if connection is None or "fastmcp" in (context.message.meta or {}):
            return False  # no server, or a certain version of the tool is wanted
        tool = await connection.fastmcp.get_tool(context.message.name)
        if tool is None or CACHED not in tool.tags:
            return False
        if tool.annotations is None or not tool.annotations.read_only_hint:
            return False
        # Without a token there is no telling whom a gateway in front speaks for.
        local = connection.transport in (None, "stdio")
        return local or self._anonymous or get_access_token() is not None


def _build_store(settings: Settings, redis: Redis | None) -> AsyncKeyValue:
    memory = MemoryStore(max_entries_per_collection=settings.cache_max_entries)
    if redis is None:
        return memory
    shared = FallbackWrapper(
        primary_key_value=RedisStore(client=redis),
        fallback_key_value=memory,
        write_to_fallback=True,
    )
    return PrefixCollectionsWrapper(
        key_value=shared,
        prefix="production-server-cache",
    )


def _store_url(settings: Settings) -> str:
    if settings.cache_url:
        return settings.cache_url.get_secret_value()
    return settings.redis_url.get_secret_value()


def connect_cache(settings: Settings) -> Redis | None:
    """Return the Redis of the settings, connected at first use; None is this process's memory."""
    url = _store_url(settings)
    if url.startswith("memory://"):
        return None
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
    except ValueError:
        raise SystemExit(
            f"PRODUCTION_SERVER_CACHE_URL {FORM}",
        ) from None


def close_cache(redis: Redis | None) -> Lifespan:
    """Close the connections when the server stops."""

    @lifespan
    async def closing(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {}
        finally:
            if redis is not None:
                await redis.aclose()

    return closing

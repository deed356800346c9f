"""Liveness and readiness. Public: no settings, no reasons, no secrets."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastmcp import Context, FastMCP
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .. import __version__
from ..settings import Settings

logger = logging.getLogger(__name__)

Check = Callable[[Mapping[str, Any]], Awaitable[None]]

# Each check raises an error when what it looks at isn't ready.
CHECKS: dict[str, Check] = {}


def add_health_routes(mcp: FastMCP, settings: Settings) -> None:
    """Add `/health` and `/ready`."""

    async def health(_request: Request) -> Response:
        return _answer(200, {"status": "healthy", "version": __version__})

    async def ready(_request: Request) -> Response:
        async with Context(fastmcp=mcp) as context:
            state = context.lifespan_context
        if not state:
            return _answer(503, {"status": "starting"})
        failing = await run_checks(CHECKS, state, settings.ready_timeout)
        if failing:
            return _answer(503, {"status": "unavailable", "failing": failing})
        return _answer(200, {"status": "ready"})

    mcp.custom_route("/health", methods=["GET"], include_in_schema=False)(health)
    mcp.custom_route("/ready", methods=["GET"], include_in_schema=False)(ready)


async def run_checks(
    checks: Mapping[str, Check],
    state: Mapping[str, Any],
    seconds: float,
) -> list[str]:
    """Run all checks together; return the names of those that fail or take too long."""

    async def passes(name: str, check: Check) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await check(state)
        except Exception:
            logger.warning("Not ready: %s", name, exc_info=True)
            return False
        return True

    passed = await asyncio.gather(*(passes(name, check) for name, check in checks.items()))
    return [name for name, good in zip(checks, passed, strict=True) if not good]


def _answer(status: int, content: dict[str, Any]) -> Response:
    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})

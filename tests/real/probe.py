"""Runs a console script of a project, and writes down what can't be seen from outside.

Usage: probe.py PACKAGE FOLDER SCRIPT [ARGUMENT...]. FOLDER/ended is written when the lifespan ends,
FOLDER/calls holds the name of a tool for each time that its function really ran.
"""

import functools
import importlib
import runpy
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.lifespan import Lifespan, lifespan


def watch(package: str, folder: Path) -> None:
    """Put the probes into the module that puts the server together."""
    server: Any = importlib.import_module(f"{package}.server")
    inner = server.settings_lifespan

    @lifespan
    async def probe(_server: FastMCP) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {}
        finally:
            (folder / "ended").write_text("ended", encoding="utf-8")

    def watched(settings: Any) -> Lifespan:
        outer: Lifespan = inner(settings) | probe
        return outer

    server.settings_lifespan = watched
    server.TOOLS = [_counted(tool, folder / "calls") for tool in server.TOOLS]


def _counted(function: Callable[..., Any], path: Path) -> Callable[..., Any]:
    import inspect

    def note() -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{function.__name__}\n")

    @functools.wraps(function)
    def counted(*args: Any, **kwargs: Any) -> Any:
        note()
        return function(*args, **kwargs)

    @functools.wraps(function)
    async def counted_async(*args: Any, **kwargs: Any) -> Any:
        note()
        return await function(*args, **kwargs)

    return counted_async if inspect.iscoroutinefunction(function) else counted


if __name__ == "__main__":
    watch(sys.argv[1], Path(sys.argv[2]))
    sys.argv = sys.argv[3:]
    runpy.run_path(sys.argv[0], run_name="__main__")

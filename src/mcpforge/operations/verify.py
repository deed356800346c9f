"""Install a project with uv, start it and list it with a real client."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge import uv
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mcpforge.render.settings import Setting

INSTALL_SECONDS = 600
VERIFY_SECONDS = 120
NOTHING_KEPT = "Nothing was kept; make the project without `--verify` to look into it."

# Runs in the project's own environment, so that its FastMCP and its code are what is tried.
_SCRIPT = """
import asyncio, json, os, sys
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

async def main():
    transport = StdioTransport(sys.argv[1], [], env=dict(os.environ), keep_alive=False)
    async with Client(transport) as client:
        print(json.dumps({
            "tools": [tool.name for tool in await client.list_tools()],
            "resources": [str(resource.uri) for resource in await client.list_resources()],
            "templates": [one.uri_template for one in await client.list_resource_templates()],
            "prompts": [prompt.name for prompt in await client.list_prompts()],
        }))

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a client sees of the server, by name or URI."""

    tools: tuple[str, ...]
    resources: tuple[str, ...]
    templates: tuple[str, ...]
    prompts: tuple[str, ...]


def find_installer() -> str:
    """Return the path of uv; raises `ForgeError` where there is none."""
    return uv.find("the project", otherwise=" or leave `--install` and `--verify` out")


def install(root: Path) -> None:
    """Run `uv sync` in the project; raises `ForgeError` with uv's own reason."""
    command = [find_installer(), "sync", "--quiet"]
    done = uv.run(command, folder=root, seconds=INSTALL_SECONDS, what="the project")
    hint = f"Try it: `uv sync --directory {shlex.quote(str(root))}`."
    uv.check(done, what="the project", hint=hint)


def verify(root: Path, script: str, settings: Iterable[Setting]) -> Listing:
    """Start the console script of an installed project and list it over stdio.

    Settings that only the user can give take their test value where `.env` and the environment
    have none. Raises `ForgeError` with the server's own last words when it doesn't answer.
    """
    import json

    folder = root.resolve() / ".venv" / "bin"
    try:
        done = subprocess.run(
            [str(folder / "python"), "-c", _SCRIPT, str(folder / script)],
            cwd=root,
            env={**_test_values(root, settings), **os.environ, "FASTMCP_CHECK_FOR_UPDATES": "off"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERIFY_SECONDS,
            check=False,
        )
        if done.returncode == 0:
            return Listing(**{key: tuple(names) for key, names in json.loads(done.stdout).items()})
        reason = _reason(done.stderr)
    except subprocess.TimeoutExpired:
        reason = f"it did not answer within {VERIFY_SECONDS} s"
    except (OSError, ValueError) as error:
        reason = str(error)
    raise ForgeError(
        f"The server does not answer: {reason}",
        hint=NOTHING_KEPT,
        code="verify",
    )


def _test_values(root: Path, settings: Iterable[Setting]) -> Mapping[str, str]:
    from mcpforge.operations.environment import unset_values

    return {item.env: item.test for item in unset_values(root, settings) if item.test is not None}


def _reason(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("error:", "Settings are missing"))]
    return " ".join((told or lines[-1:] or ["it said nothing"])[:3]).removeprefix("error: ")

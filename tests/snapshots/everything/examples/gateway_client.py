"""List the tools behind a gateway's MCP URL, or call one of them.

MCPGATEWAY_BEARER_TOKEN=... uv run python examples/gateway_client.py URL [TOOL [ARGUMENTS]]

URL is what `mcpforge compose` prints, ARGUMENTS is a JSON object.
"""

import asyncio
import json
import os
import sys
from typing import Any

from fastmcp import Client
from fastmcp.client.auth import BearerAuth


async def list_tools(url: str, token: str) -> list[str]:
    """Return the names of all tools, as an agent sees them."""
    async with Client(url, auth=BearerAuth(token)) as client:
        return [tool.name for tool in await client.list_tools()]


async def call_tool(url: str, token: str, name: str, arguments: dict[str, Any]) -> object:
    """Call a tool and return its result; raises `ToolError` when the tool refuses."""
    async with Client(url, auth=BearerAuth(token)) as client:
        return (await client.call_tool(name, arguments)).data


def main() -> None:
    """Do what the command line asks for."""
    token = os.environ.get("MCPGATEWAY_BEARER_TOKEN", "")
    if not token:
        sys.exit("MCPGATEWAY_BEARER_TOKEN is not set: `mcpforge gateway token` prints one")
    match sys.argv[1:]:
        case [url]:
            result: object = asyncio.run(list_tools(url, token))
        case [url, name]:
            result = asyncio.run(call_tool(url, token, name, {}))
        case [url, name, arguments]:
            result = asyncio.run(call_tool(url, token, name, json.loads(arguments)))
        case _:
            sys.exit(__doc__)
    sys.stdout.write(f"{json.dumps(result, indent=2, default=str)}\n")


if __name__ == "__main__":
    main()

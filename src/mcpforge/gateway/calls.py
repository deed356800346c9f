"""Calls through the gateway with a real client, as an agent makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcpforge.errors import GatewayError
from mcpforge.gateway.refusals import plain
from mcpforge.gateway.transports import transport_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcpforge.gateway.access import Access

SECONDS = 30.0
_SAMPLES: Mapping[str, Any] = {
    "string": "mcpforge",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "array": [],
    "object": {},
}


@dataclass(frozen=True, slots=True)
class Called:
    """What a client saw; `called` is the tool that answered, if one could be tried."""

    url: str
    listed: int
    called: str = ""
    refused: str = ""

    @property
    def sentence(self) -> str:
        """What to say of it."""
        seen = f"Checked: a client of `{self.url}` sees {self.listed} of the tools"
        if self.refused:
            return f"{seen}; `{self.called}` was reached and says: {self.refused}"
        if self.called:
            return f"{seen}, and `{self.called}` answered"
        return f"{seen}; none was called, because none is declared read-only"


def call_one(access: Access, url: str, expected: Sequence[str]) -> Called:
    """List the tools at a URL of the gateway and call one that changes nothing.

    Raises `GatewayError` where tools are missing, or nobody answers.
    """
    import asyncio

    secrets = [access.token.reveal()] if access.token else []
    try:
        return asyncio.run(_call(access, url, expected, secrets))
    except GatewayError:
        raise
    except Exception as error:
        reason = plain(str(error), secrets) or type(error).__name__
        raise GatewayError(
            f"A client can't use `{url}`: {reason}",
            hint="The registration stands; look at the gateway's log.",
            code="check",
        ) from None


async def _call(access: Access, url: str, expected: Sequence[str], secrets: list[str]) -> Called:
    from fastmcp import Client

    token = access.token
    headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
    async with Client(transport_to(url, headers), timeout=SECONDS, init_timeout=SECONDS) as client:
        found = {tool.name: tool for tool in await client.list_tools()}
        missing = [f"`{name}`" for name in expected if name not in found]
        if missing:
            raise GatewayError(
                f"A client of `{url}` does not see {', '.join(missing)}",
                hint="May this token see them? Tools that are private or of a team need its user.",
                code="check",
            )
        for name in expected:
            hints = found[name].annotations
            if hints and hints.read_only_hint:
                arguments = sample(found[name].input_schema)
                result = await client.call_tool(name, arguments, raise_on_error=False)
                refused = plain(_text(result), secrets) if result.is_error else ""
                return Called(url, len(expected), name, refused)
        return Called(url, len(expected))


def _text(result: Any) -> str:
    return " ".join(getattr(part, "text", "") for part in result.content)


def sample(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of the declared types for what a tool requires."""
    properties = schema.get("properties") or {}
    return {name: _value(properties.get(name) or {}) for name in schema.get("required") or ()}


def _value(schema: Mapping[str, Any]) -> Any:
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("minimum", "exclusiveMinimum"):
        if key in schema:
            return schema[key] + (1 if key.startswith("exclusive") else 0)
    return _SAMPLES.get(str(schema.get("type", "string")), "mcpforge")

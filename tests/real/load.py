"""Many tool calls at once over HTTP, each answer looked at; cheap beside the server it loads."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOL = "2026-07-28"


@dataclass
class Load:
    """What came of a number of calls."""

    calls: int
    seconds: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds


async def load(url: str, token: str, *, calls: int, clients: int) -> Load:
    """Call the tool `echo` over so many connections, which share the calls.

    `url` is the server's root. An answer other than the text that was sent is a failure, counted
    under what came instead; a connection that breaks is one failure and is opened again.
    """
    done = Load(calls)
    numbers = iter(range(calls))
    began = time.perf_counter()
    await asyncio.gather(*(_client(url, token, numbers, done) for _ in range(clients)))
    done.seconds = time.perf_counter() - began
    return done


async def _client(url: str, token: str, numbers: Iterator[int], done: Load) -> None:
    host, port = urlsplit(url).hostname, urlsplit(url).port
    reader = writer = None
    for number in numbers:
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection(host, port)
            assert reader is not None
            writer.write(_request(f"{host}:{port}", token, number))
            failure = _failure(number, *await _response(reader))
        except (OSError, EOFError) as error:
            failure, writer = type(error).__name__, None
        if failure:
            done.failures[failure] += 1
    if writer is not None:
        writer.close()


def _request(host: str, token: str, number: int) -> bytes:
    meta = {
        "io.modelcontextprotocol/protocolVersion": PROTOCOL,
        "io.modelcontextprotocol/clientInfo": {"name": "load", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    parameters = {"name": "echo", "arguments": {"text": f"call {number}"}, "_meta": meta}
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": parameters}
    body = json.dumps(message).encode()
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
        f"MCP-Protocol-Version: {PROTOCOL}\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _response(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().splitlines()
    fields = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
    return int(head[0].split()[1]), await reader.readexactly(int(fields["content-length"]))


def _failure(number: int, status: int, body: bytes) -> str:
    if status != 200:
        return f"HTTP {status}"
    answer = json.loads(body)
    if "error" in answer:
        return str(answer["error"])
    result = answer["result"]
    expected = (number, {"result": f"call {number}"}, False)
    found = (answer["id"], result.get("structuredContent"), result.get("isError"))
    return "" if found == expected else f"not its answer: {found}"

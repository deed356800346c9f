"""A slow tool whose answers are worth keeping."""

from typing import Annotated

from fastmcp.tools import tool
from mcp.types import ToolAnnotations
from pydantic import Field


@tool(
    tags={"cached"},
    annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
)
def count_primes(
    limit: Annotated[int, Field(ge=0, le=1_000_000, description="The number to count up to")],
) -> int:
    """Count the prime numbers up to a limit. Equal questions are answered from the cache."""
    sieve = bytearray([1]) * (limit + 1)
    sieve[:2] = bytes(min(2, limit + 1))
    for number in range(2, int(limit**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, limit + 1, number)))
    return sum(sieve)

"""The tool that counts primes."""

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

from everything_server.tools.primes import count_primes


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 0), (2, 1), (10, 4), (100, 25)])
def test_counts(limit: int, count: int) -> None:
    assert count_primes(limit) == count


async def test_equal_questions_have_equal_answers(client: Client[FastMCPTransport]) -> None:
    for _ in range(2):
        assert (await client.call_tool("count_primes", {"limit": 1000})).data == 168

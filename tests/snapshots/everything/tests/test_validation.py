"""Arguments are checked before a tool runs."""

from pathlib import Path

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from fastmcp.exceptions import ToolError

from everything_server.tools.analysis import analyze_data, csv_path


def test_plain_call_uses_the_defaults() -> None:
    analysis = analyze_data("sales")
    assert (analysis.threshold, analysis.rows, analysis.matches) == (0.5, 4, 3)


async def test_valid_arguments(client: Client[FastMCPTransport]) -> None:
    arguments = {"data_type": "sales", "threshold": 0.7, "max_rows": 3}
    result = await client.call_tool("analyze_data", arguments)
    assert result.structured_content == {
        "data_type": "sales",
        "threshold": 0.7,
        "rows": 3,
        "matches": 1,
    }


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "Missing required argument"),
        ({"data_type": "weather"}, "should be 'sales', 'customer' or 'product'"),
        ({"data_type": "sales", "threshold": 1.1}, "less than or equal to 1"),
        ({"data_type": "sales", "threshold": -0.1}, "greater than or equal to 0"),
        ({"data_type": "sales", "max_rows": 0}, "greater than or equal to 1"),
        ({"data_type": "sales", "max_rows": 10_001}, "less than or equal to 10000"),
        ({"data_type": "sales", "rows": 1}, "Unexpected keyword argument"),
    ],
)
async def test_wrong_arguments_are_refused(
    client: Client[FastMCPTransport],
    arguments: dict[str, object],
    reason: str,
) -> None:
    with pytest.raises(ToolError, match=reason):
        await client.call_tool("analyze_data", arguments)


async def test_clients_see_the_constraints(client: Client[FastMCPTransport]) -> None:
    (tool,) = [tool for tool in await client.list_tools() if tool.name == "analyze_data"]
    properties = tool.input_schema["properties"]
    assert properties["data_type"]["enum"] == ["sales", "customer", "product"]
    assert properties["threshold"]["maximum"] == 1.0
    assert properties["max_rows"]["maximum"] == 10_000


async def test_process_file(client: Client[FastMCPTransport], tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "items.csv").write_text("name\nItem A\nItem B\n", encoding="utf-8")
    result = await client.call_tool("process_file", {"file_path": "items.csv"})
    assert result.structured_content == {"file_path": "items.csv", "rows": 2}


@pytest.mark.parametrize(
    ("file_path", "reason"),
    [
        ("items.exe", "should match pattern"),
        ("/etc/items.csv", "Only relative paths"),
        ("../items.csv", "Only relative paths"),
        ("missing.csv", "There is no file"),
    ],
)
async def test_process_file_refuses(
    client: Client[FastMCPTransport],
    file_path: str,
    reason: str,
) -> None:
    with pytest.raises(ToolError, match=reason):
        await client.call_tool("process_file", {"file_path": file_path})


def test_the_validator_itself() -> None:
    assert csv_path("folder/items.csv") == "folder/items.csv"
    with pytest.raises(ValueError, match="Only CSV files allowed"):
        csv_path("items.exe")

"""The prompts, and the CSV tool that they recommend."""

from pathlib import Path

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from fastmcp.exceptions import McpError, ToolError
from mcp.types import TextContent

from standard_server.tools.csv_info import describe


async def get_text(client: Client[FastMCPTransport], name: str, arguments: dict[str, str]) -> str:
    (message,) = (await client.get_prompt(name, arguments)).messages
    assert isinstance(message.content, TextContent)
    return message.content.text


@pytest.fixture
def csv_file(tmp_path: Path) -> str:
    (tmp_path / "content").mkdir()
    text = "name,value,price\nItem A,100,1.5\nItem B,,2\n"
    (tmp_path / "content" / "items.csv").write_text(text, encoding="utf-8")
    return "items.csv"


async def test_basic_prompt_names_the_file_and_the_tool(client: Client[FastMCPTransport]) -> None:
    text = await get_text(client, "analyze_csv_prompt", {"file_path": "items.csv"})
    assert "CSV file at: items.csv" in text
    assert "get_csv_info" in text


@pytest.mark.parametrize(
    ("data_type", "advice"),
    [("sales", "seasonality"), ("customer", "segmentation"), ("other", "exploratory")],
)
async def test_dynamic_prompt_depends_on_the_data(
    client: Client[FastMCPTransport],
    data_type: str,
    advice: str,
) -> None:
    arguments = {"data_type": data_type, "goal": "more revenue"}
    text = await get_text(client, "data_analysis_strategy", arguments)
    assert text.startswith("Goal: more revenue\n")
    assert advice in text


async def test_unknown_kind_of_data_is_refused(client: Client[FastMCPTransport]) -> None:
    with pytest.raises(McpError):
        await client.get_prompt("data_analysis_strategy", {"data_type": "x", "goal": "y"})


async def test_csv_info(client: Client[FastMCPTransport], csv_file: str) -> None:
    result = await client.call_tool("get_csv_info", {"file_path": csv_file})
    assert result.structured_content == {
        "columns": [
            {"name": "name", "type": "text", "missing": 0},
            {"name": "value", "type": "integer", "missing": 1},
            {"name": "price", "type": "number", "missing": 0},
        ],
        "rows": 2,
    }


async def test_csv_info_reads_nothing_else(client: Client[FastMCPTransport], csv_file: str) -> None:
    with pytest.raises(ToolError, match="There is no file"):
        await client.call_tool("get_csv_info", {"file_path": f"../content/../../{csv_file}"})


async def test_csv_info_refuses_what_is_not_csv(
    client: Client[FastMCPTransport],
    csv_file: str,
    tmp_path: Path,
) -> None:
    (tmp_path / "content" / csv_file).write_text('name\n"Item', encoding="utf-8")
    with pytest.raises(ToolError, match="The file is not CSV"):
        await client.call_tool("get_csv_info", {"file_path": csv_file})


def test_empty_text_and_empty_columns() -> None:
    assert describe("").columns == []
    assert describe("a,b\n1\n").columns[1].type == "empty"

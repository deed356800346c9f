"""The resources, as clients see them."""

import json
from pathlib import Path

import pytest
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from fastmcp.exceptions import McpError
from mcp.types import TextResourceContents


async def read(client: Client[FastMCPTransport], uri: str) -> TextResourceContents:
    (contents,) = await client.read_resource(uri)
    assert isinstance(contents, TextResourceContents)
    return contents


@pytest.fixture
def content(tmp_path: Path) -> Path:
    files = {
        "configs/app.json": '{"units": "metric"}',
        "configs/broken.json": "{",
        "reports/q1.md": "# Q1",
        "docs/guide.md": "# Guide",
        "docs/notes.txt": "not listed",
    }
    for name, text in files.items():
        file = tmp_path / "content" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "content" / "secret.md").write_text("secret", encoding="utf-8")
    return tmp_path / "content"


@pytest.mark.usefixtures("content")
@pytest.mark.parametrize(
    ("uri", "mime_type", "text"),
    [
        ("config://app", "application/json", '{"units": "metric"}'),
        ("report://q1", "text/markdown", "# Q1"),
        ("docs://guide", "text/markdown", "# Guide"),
    ],
)
async def test_files(
    client: Client[FastMCPTransport],
    uri: str,
    mime_type: str,
    text: str,
) -> None:
    contents = await read(client, uri)
    assert (contents.mime_type, contents.text) == (mime_type, text)


async def test_static_sample(client: Client[FastMCPTransport]) -> None:
    contents = await read(client, "file://data/sample.csv")
    assert contents.mime_type == "text/csv"
    assert contents.text.startswith("name,value,category\n")


@pytest.mark.usefixtures("content")
async def test_directory(client: Client[FastMCPTransport]) -> None:
    contents = await read(client, "docs://")
    assert contents.mime_type == "application/json"
    assert json.loads(contents.text) == [{"uri": "docs://guide", "name": "guide.md", "size": 7}]


async def test_directory_that_does_not_exist(client: Client[FastMCPTransport]) -> None:
    assert json.loads((await read(client, "docs://")).text) == []


@pytest.mark.usefixtures("content")
@pytest.mark.parametrize(
    "uri",
    [
        "config://missing",
        "config://broken",
        "report://missing",
        "report://..%2Fsecret",
        "report://%2Fetc%2Fhosts",
        "docs://missing",
        "docs://..%2Fsecret",
    ],
)
async def test_nothing_else_is_read(client: Client[FastMCPTransport], uri: str) -> None:
    with pytest.raises(McpError) as caught:
        await client.read_resource(uri)
    assert str(Path.cwd()) not in str(caught.value)

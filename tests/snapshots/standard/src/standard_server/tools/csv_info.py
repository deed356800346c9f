"""Tools for CSV data."""

import csv
from typing import Annotated

from fastmcp.dependencies import Depends
from fastmcp.exceptions import ToolError
from fastmcp.tools import tool
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

from ..content import ContentError, read_text
from ..lifespan import get_settings
from ..settings import Settings


class CsvColumn(BaseModel):
    """A column of a CSV file."""

    name: str
    type: str = Field(description="integer, number, text, or empty without any value")
    missing: int = Field(description="Rows without a value")


class CsvInfo(BaseModel):
    """What is known about a CSV file."""

    columns: list[CsvColumn]
    rows: int


@tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
async def get_csv_info(
    file_path: Annotated[str, Field(max_length=255, description="CSV file in the content folder")],
    settings: Settings = Depends(get_settings),
) -> CsvInfo:
    """Get the columns, their types and missing values, and the number of rows of a CSV file."""
    try:
        return describe(await read_text(settings.content_dir, file_path))
    except ContentError as error:
        raise ToolError(str(error)) from None
    except csv.Error as error:
        raise ToolError(f"The file is not CSV: {error}.") from None


def describe(text: str) -> CsvInfo:
    """Describe CSV text with a header line."""
    header, *rows = list(csv.reader(text.splitlines(keepends=True), strict=True)) or [[]]
    rows = [row for row in rows if row]
    columns = []
    for index, name in enumerate(header):
        values = [row[index].strip() for row in rows if len(row) > index]
        filled = [value for value in values if value]
        columns.append(CsvColumn(name=name, type=_type(filled), missing=len(rows) - len(filled)))
    return CsvInfo(columns=columns, rows=len(rows))


def _type(values: list[str]) -> str:
    if not values:
        return "empty"
    for name, convert in (("integer", int), ("number", float)):
        try:
            for value in values:
                convert(value)
        except ValueError:
            continue
        return name
    return "text"

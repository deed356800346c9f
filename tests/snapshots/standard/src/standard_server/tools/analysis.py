"""Tools whose arguments are checked before they run."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from fastmcp.dependencies import Depends
from fastmcp.exceptions import ToolError
from fastmcp.tools import tool
from mcp.types import ToolAnnotations
from pydantic import AfterValidator, BaseModel, Field

from ..content import ContentError, read_text
from ..lifespan import get_settings
from ..settings import Settings

DataType = Literal["sales", "customer", "product"]

SCORES: dict[DataType, list[float]] = {
    "sales": [0.2, 0.55, 0.9, 0.7],
    "customer": [0.1, 0.4, 0.8],
    "product": [0.5, 0.6],
}


def csv_path(value: str) -> str:
    """Accept relative paths of CSV files only."""
    path = PurePosixPath(value)
    if path.suffix != ".csv":
        raise ValueError("Only CSV files allowed")
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("Only relative paths without `..` allowed")
    return value


# The pattern is for clients, which see it in the schema; the function has the last word.
CsvPath = Annotated[
    str,
    Field(max_length=255, pattern=r"\.csv$", description="CSV file in the content folder"),
    AfterValidator(csv_path),
]


class Analysis(BaseModel):
    """The scores that reach the threshold."""

    data_type: DataType
    threshold: float
    rows: int
    matches: int


class ProcessedFile(BaseModel):
    """What was found in a file."""

    file_path: str
    rows: int


@tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
def analyze_data(
    data_type: Annotated[DataType, Field(description="Type of data to analyze")],
    threshold: Annotated[
        float,
        Field(ge=0.0, le=1.0, description="Confidence threshold (0.0-1.0)"),
    ] = 0.5,
    max_rows: Annotated[int, Field(ge=1, le=10_000, description="Rows to look at")] = 1000,
) -> Analysis:
    """Count the sample rows whose confidence reaches the threshold."""
    scores = SCORES[data_type][:max_rows]
    matches = sum(score >= threshold for score in scores)
    return Analysis(data_type=data_type, threshold=threshold, rows=len(scores), matches=matches)


@tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
async def process_file(
    file_path: CsvPath,
    settings: Settings = Depends(get_settings),
) -> ProcessedFile:
    """Count the rows of a CSV file, without its header."""
    try:
        text = await read_text(settings.content_dir, file_path)
    except ContentError as error:
        raise ToolError(str(error)) from None
    lines = [line for line in text.splitlines() if line.strip()]
    return ProcessedFile(file_path=file_path, rows=max(len(lines) - 1, 0))

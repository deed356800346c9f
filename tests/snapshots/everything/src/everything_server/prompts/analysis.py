"""Prompts for data analysis."""

from typing import Annotated, Literal

from fastmcp.prompts import prompt
from pydantic import Field

DataType = Literal["sales", "customer", "product", "other"]

STRATEGIES: dict[DataType, str] = {
    "sales": "Focus on trends, seasonality and revenue metrics",
    "customer": "Analyze demographics, behavior patterns and segmentation",
    "product": "Examine performance, inventory and market fit",
    "other": "Perform a general exploratory analysis",
}


@prompt(tags={"analysis"})
def analyze_csv_prompt(
    file_path: Annotated[str, Field(min_length=1, description="CSV file in the content folder")],
) -> str:
    """Analyze CSV data with guidance."""
    return f"""Please analyze the CSV file at: {file_path}

Follow these steps:
1. Get basic information using get_csv_info
2. Identify key columns and data types
3. Look for missing values or anomalies
4. Suggest relevant analysis questions
"""


@prompt(tags={"analysis"})
def data_analysis_strategy(
    data_type: Annotated[DataType, Field(description="Kind of data at hand")],
    goal: Annotated[str, Field(min_length=1, description="What the analysis is for")],
) -> str:
    """Generate an analysis strategy that fits the kind of data."""
    return f"""Goal: {goal}
Strategy: {STRATEGIES[data_type]}

Recommended tools: get_csv_info
"""

"""Prompts: one module for each subject; PROMPTS lists what the server offers."""

from collections.abc import Callable, Sequence
from typing import Any

from .analysis import analyze_csv_prompt, data_analysis_strategy

PROMPTS: Sequence[Callable[..., Any]] = [
    analyze_csv_prompt,
    data_analysis_strategy,
]

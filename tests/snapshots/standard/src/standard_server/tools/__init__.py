"""Tools: one module for each subject; TOOLS lists what the server offers."""

from collections.abc import Callable, Sequence
from typing import Any

from .analysis import analyze_data, process_file
from .csv_info import get_csv_info
from .echo import echo

TOOLS: Sequence[Callable[..., Any]] = [
    echo,
    get_csv_info,
    analyze_data,
    process_file,
]

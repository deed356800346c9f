"""Tools: one module for each subject; TOOLS lists what the server offers."""

from collections.abc import Callable, Sequence
from typing import Any

from .analysis import analyze_data, process_file
from .csv_info import get_csv_info
from .echo import echo
from .fetch import fetch
from .preferences import get_preference, save_preference
from .primes import count_primes

TOOLS: Sequence[Callable[..., Any]] = [
    echo,
    get_preference,
    save_preference,
    get_csv_info,
    analyze_data,
    process_file,
    count_primes,
    fetch,
]

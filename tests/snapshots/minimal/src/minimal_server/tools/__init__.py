"""Tools: one module for each subject; TOOLS lists what the server offers."""

from collections.abc import Callable, Sequence
from typing import Any

from .echo import echo

TOOLS: Sequence[Callable[..., Any]] = [
    echo,
]

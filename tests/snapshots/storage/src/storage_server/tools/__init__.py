"""Tools: one module for each subject; TOOLS lists what the server offers."""

from collections.abc import Callable, Sequence
from typing import Any

from .echo import echo
from .preferences import get_preference, save_preference

TOOLS: Sequence[Callable[..., Any]] = [
    echo,
    get_preference,
    save_preference,
]

"""Resources: one module for each subject; RESOURCES lists what the server offers."""

from collections.abc import Callable, Sequence
from typing import Any

from fastmcp.resources import Resource

from .configs import get_config
from .docs import docs_directory, get_document
from .notes import search_notes
from .remote import get_remote
from .reports import get_report
from .samples import sample_data

RESOURCES: Sequence[Callable[..., Any] | Resource] = [
    get_config,
    docs_directory,
    get_document,
    get_report,
    sample_data,
    get_remote,
    search_notes,
]

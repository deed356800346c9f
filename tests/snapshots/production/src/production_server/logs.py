"""Logging to stderr: on stdio, stdout belongs to the protocol."""

import logging
import sys

from .json_logs import JsonFormatter
from .settings import Settings

LOUD = ("fastmcp", "uvicorn", "uvicorn.error", "uvicorn.access")


def configure_logging(settings: Settings) -> None:
    """Send every logger, FastMCP's and uvicorn's included, through one handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for name in LOUD:  # FastMCP's own Rich handlers cost two thirds of the throughput
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True

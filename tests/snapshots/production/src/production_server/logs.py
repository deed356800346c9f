"""Logging to stderr: on stdio, stdout belongs to the protocol."""

import logging
import sys

from .settings import Settings

LOUD = ("fastmcp", "uvicorn", "uvicorn.error", "uvicorn.access")


class LineFormatter(logging.Formatter):
    """A message stays on its line: what callers send can't forge another one."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Escape line breaks; those of a traceback stay."""
        return super().formatMessage(record).replace("\n", "\\n").replace("\r", "\\r")


def configure_logging(settings: Settings) -> None:
    """Send every logger, FastMCP's and uvicorn's included, through one handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for name in LOUD:  # FastMCP's own Rich handlers cost two thirds of the throughput
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True

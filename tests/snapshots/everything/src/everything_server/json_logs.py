"""Log lines as JSON: one object a line, so that a collector needs no rules of its own."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from .request_id import request_id

# What every record has; anything else came in by `extra=`.
STANDARD = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName", "color_message"}
ACCESS = ("client", "method", "path", "http_version", "status")


class JsonFormatter(logging.Formatter):
    """Time, level, logger, message, then request id, extras and exception where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; JSON escapes the line breaks of a traceback."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        if record.name == "uvicorn.access" and len(record.args or ()) == len(ACCESS):
            line |= access(record)
        else:
            line["message"] = record.getMessage()
        if current := request_id.get():
            line["request_id"] = current
        extra = [name for name in vars(record) if name not in STANDARD and name not in line]
        line |= {name: vars(record)[name] for name in extra}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line, default=str)


def access(record: logging.LogRecord) -> dict[str, object]:
    """Return the fields of uvicorn's access line, without the query: it may hold a secret."""
    fields = dict(zip(ACCESS, record.args or (), strict=True))
    fields["path"] = str(fields["path"]).partition("?")[0]
    return {"message": f"{fields['method']} {fields['path']}", **fields}


def log_json() -> None:
    """Write what the root's handlers get as JSON."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())

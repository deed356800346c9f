"""The answers file of `--answers`: TOML or JSON, from a file or from standard input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcpforge.errors import UsageError


def read_answers(source: str) -> dict[str, Any]:
    """Return the answers of a file or, for `-`, of standard input; raises `UsageError`."""
    import json
    import sys
    import tomllib

    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise UsageError(f"The answers file `{source}` can't be read: {reason.lower()}") from None
    try:
        data = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"The answers are neither TOML nor JSON: {error}",
            hint="See `mcpforge features --schema`.",
            code="bad_answers",
        ) from None
    # The lock of a project holds its answers: another one can be made of it.
    if "mcpforge" in data and isinstance(data.get("template"), dict):
        from mcpforge.project.origin import parse_origin

        return dict(parse_origin(data["template"]).answers)
    held = data.get("answers") if "mcpforge" in data else None
    return dict(held if isinstance(held, dict) else data)

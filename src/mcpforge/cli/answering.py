"""The answers file of `--answers`: TOML or JSON, from a file or from standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mcpforge.errors import UsageError

_SCHEMA = "See `mcpforge features --schema`."


def read_answers(source: str) -> dict[str, Any]:
    """Return the answers of a file or, for `-`, of standard input; raises `UsageError`."""
    import json
    import tomllib

    text = _read(source)
    try:
        if text.lstrip().startswith("{"):
            data = json.loads(text, object_pairs_hook=_once)
        else:
            data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"The answers are neither TOML nor JSON: {error}",
            hint=_SCHEMA,
            code="bad_answers",
        ) from None
    # The lock of a project holds its answers: another one can be made of it.
    if "mcpforge" in data and isinstance(data.get("template"), dict):
        from mcpforge.project.origin import parse_origin

        return dict(parse_origin(data["template"]).answers)
    held = data.get("answers") if "mcpforge" in data else None
    return dict(held if isinstance(held, dict) else data)


def _read(source: str) -> str:
    """Return the text, which is UTF-8 wherever it comes from, with or without a mark of that."""
    try:
        if source != "-":
            return Path(source).read_text(encoding="utf-8-sig")
        if sys.stdin is not None:
            return sys.stdin.buffer.read().decode("utf-8-sig")
        reason = "it was closed before the start"
    except UnicodeDecodeError:
        reason = "it is no UTF-8 text"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    named = "from standard input " if source == "-" else f"file `{source}` "
    raise UsageError(
        f"The answers {named}can't be read: {reason}",
        hint=f"Give a file of TOML or JSON in UTF-8, or `-` for standard input. {_SCHEMA}",
        code="bad_answers",
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; as in TOML, a key that stands there twice is an error."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(
            f"The answers hold the key `{twice}` twice",
            hint=f"Leave one of them out. {_SCHEMA}",
            code="bad_answers",
        )
    return found

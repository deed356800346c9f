"""How each component of the catalogue is used, and what must come of it.

The order is that of the calls. One without an entry fails `test_stdio` and `test_http`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]
Tool = tuple[Mapping[str, Any], Check]


def _is(expected: object) -> Check:
    return lambda found: bool(found == expected)


def _has(*parts: str) -> Check:
    return lambda text: all(part in text for part in parts)


# Tool → arguments, and the check of its structured content.
TOOLS: Mapping[str, Tool] = {
    "echo": ({"text": 'a "quoted" ü'}, _is({"result": 'a "quoted" ü'})),
    "get_csv_info": (
        {"file_path": "sample.csv"},
        lambda found: (
            found["rows"] == 3
            and [column["name"] for column in found["columns"]] == ["name", "value", "category"]
            and [column["type"] for column in found["columns"]] == ["text", "integer", "text"]
        ),
    ),
    "analyze_data": (
        {"data_type": "sales", "threshold": 0.5},
        _is({"data_type": "sales", "threshold": 0.5, "rows": 4, "matches": 3}),
    ),
    "process_file": ({"file_path": "sample.csv"}, _is({"file_path": "sample.csv", "rows": 3})),
    "count_primes": ({"limit": 100}, _is({"result": 25})),
    "save_preference": ({"key": "colour", "value": "blue"}, _is({"result": "Saved colour"})),
    "get_preference": ({"key": "colour"}, _is({"result": "blue"})),
    "add_note": (
        {"text": "Buy '; DROP TABLE notes; --"},
        lambda found: found["text"].startswith("Buy") and found["id"] > 0,
    ),
    "find_notes": (
        {"text": "DROP TABLE"},
        lambda found: found["result"][0]["text"] == "Buy '; DROP TABLE notes; --",
    ),
    "fetch": (
        {"path": "document.json"},
        _is({"media_type": "application/json", "content": {"answer": 42}}),
    ),
}

# URI of a resource → check of its text.
RESOURCES: Mapping[str, Check] = {
    "file://data/sample.csv": _has("name,value,category", "Item C,150"),
    "docs://": lambda text: json.loads(text)[0]["uri"] == "docs://getting-started",
}

# URI of a template → a URI that it stands for, and the check of the text.
TEMPLATES: Mapping[str, tuple[str, Check]] = {
    "config://{name}": ("config://app", lambda text: json.loads(text)["units"] == "metric"),
    "docs://{name}": ("docs://getting-started", _has("# Getting started")),
    "report://{report_id}": ("report://welcome", _has("# Welcome")),
    "remote://{path*}": ("remote://document.json", lambda text: json.loads(text)["answer"] == 42),
    "notes://search{?text,limit}": (
        "notes://search?text=nothing-like-this&limit=3",
        lambda text: json.loads(text) == [],
    ),
}

# Prompt → arguments, and the check of the text of its first message.
PROMPTS: Mapping[str, tuple[Mapping[str, str], Check]] = {
    "analyze_csv_prompt": ({"file_path": "sample.csv"}, _has("sample.csv", "get_csv_info")),
    "data_analysis_strategy": (
        {"data_type": "sales", "goal": "Find peaks"},
        _has("Find peaks", "seasonality"),
    ),
}

# Settings of all servers that are started, where a project has them: out of the way of the tests.
SETTINGS: Mapping[str, str] = {
    "address_limit": "100000/minute",
    "cache_ttl": "300",
    "cache_max_entries": "100",
    "http_backoff": "0",
    "log_level": "DEBUG",
    "rate_limit": "100000/minute",
    "response_max_bytes": "1000000",
}

"""The literal filters: the only way by which a value gets into a rendered file."""

from __future__ import annotations

import json
import re
import shlex

from mcpforge.characters import escape_unseen, fold

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_AUTHOR = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<email>[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+)>\s*")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|!~&$])")


def oneline(text: str) -> str:
    """Return the text on one line: runs of white space become one space."""
    return fold(text)


def json_string(value: object) -> str:
    """Return the value as JSON, with all printable characters as they are."""
    return json.dumps(value, ensure_ascii=False)


def toml_string(value: object) -> str:
    """Return a TOML literal of a str, number, bool or list of them (https://toml.io/en/v1.0.0)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _double_quoted(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_string(item) for item in value)}]"
    return repr(value)


def yaml_string(value: str) -> str:
    """Return a double-quoted YAML scalar."""
    return _double_quoted(value)


def _double_quoted(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escape_unseen(quoted)}"'


def toml_key(text: str) -> str:
    """Return a TOML key, bare where TOML allows it."""
    return text if _BARE_KEY.fullmatch(text) else toml_string(text)


def author_table(text: str) -> str:
    """Return `Name <mail>` as the inline table that `project.authors` takes."""
    found = _AUTHOR.fullmatch(oneline(text))
    if not found:
        return f"{{ name = {toml_string(oneline(text))} }}"
    email = f"email = {toml_string(found['email'])}"
    return (
        f"{{ name = {toml_string(found['name'])}, {email} }}" if found["name"] else f"{{ {email} }}"
    )


def markdown(text: str) -> str:
    """Return the text on one line so that Markdown shows exactly its characters."""
    escaped = _MARKDOWN.sub(r"\\\1", oneline(text))
    escaped = re.sub(r"^([+-])", r"\\\1", escaped)
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", escaped)


def shell(text: str) -> str:
    """Return the text quoted for a POSIX shell."""
    return shlex.quote(text)

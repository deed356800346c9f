"""Middleware: hooks that are called, and settings of FastMCP's own that mislead."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.findings import removed
from mcpforge.inspection.reports import report
from mcpforge.inspection.roles import roles_of
from mcpforge.inspection.scopes import own_nodes
from mcpforge.inspection.tables import entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.scopes import Function
    from mcpforge.inspection.values import Source

HOOKS = frozenset(
    {
        "on_call_tool",
        "on_discover",
        "on_get_prompt",
        "on_initialize",
        "on_list_prompts",
        "on_list_resource_templates",
        "on_list_resources",
        "on_list_tools",
        "on_message",
        "on_notification",
        "on_read_resource",
        "on_request",
    }
)
_WHOLE = (
    "Without `call_tool_settings` each tool is cached for an hour, those that change things too."
)
_NO_NAMES = "Settings without `included_tools` apply to each tool, those that change things too."


def check(source: Source) -> Iterator[Finding]:
    """Yield hooks that never run or always fail, and misleading middleware settings."""
    used = {node.attr for node in source.nodes if isinstance(node, ast.Attribute)}
    for hook in roles_of(source).hooks():
        yield from _hook(source, hook, used)
    for node in source.nodes:
        if isinstance(node, ast.Call):
            match source.name_of(node.func):
                case "ResponseCachingMiddleware":
                    yield from _caching(source, node)
                case "ErrorHandlingMiddleware":
                    if "transform_errors" not in _given(node) and None not in _given(node):
                        yield report(source, "MF407", node)


def _hook(source: Source, hook: Function, used: set[str]) -> Iterator[Finding]:
    if hook.name in removed()["hooks"] and hook.name not in used:
        yield report(source, "MF401", hook, name=hook.name, hook=removed()["hooks"][hook.name])
    if hook.name not in HOOKS:
        return
    spec = hook.args
    names = {parameter.arg for parameter in [*spec.args, *spec.kwonlyargs]}
    if "call_next" not in names and not spec.kwarg and not hook.decorator_list:
        yield report(source, "MF402", hook, name=hook.name)
    for node in own_nodes(hook):
        if isinstance(node, ast.Raise) and _is_http_exception(source, node.exc):
            yield report(source, "MF403", node)


def _is_http_exception(source: Source, raised: ast.expr | None) -> bool:
    called = raised.func if isinstance(raised, ast.Call) else raised
    name = source.name_of(called)
    return name.startswith(("fastapi", "starlette")) and name.endswith(".HTTPException")


def _caching(source: Source, call: ast.Call) -> Iterator[Finding]:
    given = _given(call)
    settings = given.get("call_tool_settings")
    if None in given:
        return
    if settings is None:
        yield report(source, "MF404", call, why=_WHOLE)
    elif (held := entries(source, settings)) is not None:
        yield from _cached_tools(source, call, held)
    for value in given.values():
        ttl = (entries(source, value) or {}).get("ttl")
        if isinstance(ttl, ast.Constant) and ttl.value == 0:
            yield report(source, "MF406", ttl)


def _cached_tools(
    source: Source, call: ast.Call, entries: dict[str, ast.expr]
) -> Iterator[Finding]:
    names = entries.get("included_tools")
    if isinstance(names, ast.List) and not names.elts and not _is_off(entries):
        yield report(source, "MF405", names)
    elif not entries.keys() & {"included_tools", "excluded_tools", "enabled"}:
        yield report(source, "MF404", call, why=_NO_NAMES)


def _given(call: ast.Call) -> dict[str | None, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords}


def _is_off(entries: dict[str, ast.expr]) -> bool:
    enabled = entries.get("enabled")
    return enabled is not None and not (isinstance(enabled, ast.Constant) and enabled.value is True)

"""Which functions and classes of a file FastMCP will call: components, routes, middleware."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from mcpforge.inspection.scopes import Function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.values import Source

COMPONENTS = frozenset({"prompt", "resource", "tool"})
_REGISTRARS = {"add_tool": "tool", "add_resource": "resource", "add_prompt": "prompt"}
_SERVERS = ("FastMCP", "FastMCPApp", "LocalProvider")


@dataclass(slots=True, eq=False)
class Roles:
    """Functions by what they are to FastMCP, and the middleware classes."""

    functions: dict[str, list[Function]] = field(default_factory=dict)
    middleware: list[ast.ClassDef] = field(default_factory=list)

    def give(self, role: str, function: Function) -> None:
        """Add a role to a function."""
        have = self.functions.setdefault(role, [])
        if function not in have:
            have.append(function)

    def of(self, *roles: str) -> list[Function]:
        """Return the functions of these roles."""
        return [function for role in roles for function in self.functions.get(role, ())]

    def hooks(self) -> Iterator[Function]:
        """Yield the methods of the middleware classes."""
        for owner in self.middleware:
            for item in owner.body:
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield item


@lru_cache(maxsize=1)
def roles_of(source: Source) -> Roles:
    """Return who plays what in a file."""
    roles = Roles()
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if role := decorator_role(source, decorator):
                    roles.give(role, node)
        elif isinstance(node, ast.ClassDef):
            names = {source.name_of(base) for base in node.bases}
            if "Middleware" in names or source.classes.base_of(node) == "Middleware":
                roles.middleware.append(node)
        elif isinstance(node, ast.Call):
            _registered(source, node, roles)
    return roles


def decorator_role(source: Source, decorator: ast.expr) -> str:
    """Return the role that a decorator gives: `tool`, `custom_route`, `lifespan`, or nothing."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(target, ast.Attribute) and is_server(source, target.value):
        return target.attr
    name = source.name_of(target)
    return name if name in COMPONENTS or name == "lifespan" else ""


def is_server(source: Source, node: ast.AST) -> bool:
    """Tell whether components can be registered on what an expression stands for."""
    return any(source.is_instance(node, name) for name in _SERVERS)


def _registered(source: Source, call: ast.Call, roles: Roles) -> None:
    if source.name_of(call.func) == "FastMCP" or _is_subclass(source, call.func):
        for keyword in call.keywords:
            if keyword.arg == "lifespan":
                _give(source, "lifespan", keyword.value, roles)
            elif keyword.arg == "tools" and isinstance(keyword.value, ast.List | ast.Tuple):
                for item in keyword.value.elts:
                    _give(source, "tool", item, roles)
    elif isinstance(call.func, ast.Attribute) and call.args and is_server(source, call.func.value):
        role = _REGISTRARS.get(call.func.attr, call.func.attr)
        if role in COMPONENTS:
            _give(source, role, call.args[0], roles)


def _is_subclass(source: Source, func: ast.expr) -> bool:
    value = source.value(func)
    made = value.node if value is not None and value.kind == "class" else None
    return isinstance(made, ast.ClassDef) and source.classes.base_of(made, "__init__") == "FastMCP"


def _give(source: Source, role: str, node: ast.expr, roles: Roles) -> None:
    value = source.value(node)
    made = value.node if value is not None and value.kind == "function" else None
    if isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef):
        roles.give(role, made)

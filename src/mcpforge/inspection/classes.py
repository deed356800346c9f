"""The classes of one file: what they define, and what is assigned to their fields."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mcpforge.inspection.names import Value
    from mcpforge.inspection.scopes import Scopes

    Assignment = ast.Assign | ast.AnnAssign

_PLAIN_BASES = frozenset({"abc.ABC", "typing.Generic", "typing.Protocol"})


class Classes:
    """What the classes of a file hold, asked by class and name."""

    def __init__(
        self,
        nodes: Iterable[ast.AST],
        scopes: Scopes,
        value: Callable[[ast.expr], Value | None],
    ) -> None:
        """Read the nodes of a file; `value` tells what an expression stands for."""
        self._scopes = scopes
        self._value = value
        self._bases: dict[tuple[ast.ClassDef, str], str] = {}
        self._fields: dict[tuple[ast.AST, str], list[Assignment]] = {}
        self._methods: set[tuple[ast.AST, str]] = set()
        for node in nodes:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                self._add(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._methods.add((scopes.of[node].node, node.name))

    def fields(self, owner: ast.ClassDef, name: str) -> list[Assignment]:
        """Return the assignments to a field, in the class body or to `self`."""
        return self._fields.get((owner, name), [])

    def names(self) -> set[str]:
        """Return the names of the fields of all classes."""
        return {name for _, name in self._fields}

    def defines(self, owner: ast.ClassDef, name: str) -> bool:
        """Tell whether a class has a member of its own, or may have any."""
        held = {(owner, name), (owner, "__getattr__"), (owner, "__getattribute__")}
        return bool(held & self._methods) or (owner, name) in self._fields

    def base_of(self, owner: ast.ClassDef, member: str = "") -> str:
        """Return the one imported class that a class comes from, else an empty text.

        Where the class or one between them defines `member`, it is that class's own affair.
        """
        key = (owner, member)
        if key not in self._bases:
            self._bases[key] = ""  # a class that comes from itself comes from nothing
            self._bases[key] = self._base_of(owner, member)
        return self._bases[key]

    def _base_of(self, owner: ast.ClassDef, member: str) -> str:
        found: set[str] = set()
        if member and self.defines(owner, member):
            return ""
        for base in owner.bases:
            value = self._value(base)
            if value is None:
                return ""
            if isinstance(value.node, ast.ClassDef):
                found.add(self.base_of(value.node, member))
            elif value.name not in _PLAIN_BASES:
                found.add(value.name)
        return found.pop() if len(found) == 1 else ""

    def _add(self, node: Assignment) -> None:
        around = self._scopes.of[node]
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            match target:
                case ast.Name(id=name):
                    owner: ast.AST | None = around.node
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if around.parent:
                    owner = around.parent.node
                case _:
                    continue
            if isinstance(owner, ast.ClassDef):
                self._fields.setdefault((owner, name), []).append(node)

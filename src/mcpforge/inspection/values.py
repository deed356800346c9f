"""What an expression stands for: an imported name, an instance, a function or class of the file."""

from __future__ import annotations

import ast
import builtins
import re
from typing import TYPE_CHECKING

from mcpforge.inspection.annotations import annotated, yielded
from mcpforge.inspection.classes import Classes
from mcpforge.inspection.names import Value, imported_value
from mcpforge.inspection.others import Others
from mcpforge.inspection.scopes import (
    Binding,
    Function,
    Scope,
    Scopes,
    own_nodes,
    read_scopes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SERVER_NAME = re.compile(r"(?:\w+_)?mcp(?:_server)?")
_SERVER_USES = frozenset(
    {"add_middleware", "add_tool", "custom_route", "middleware", "prompt", "resource", "tool"}
)
_MAKERS = {
    "CurrentContext": "Context",
    "CurrentFastMCP": "FastMCP",
    "FastMCP.as_proxy": "FastMCP",
    "FastMCP.from_fastapi": "FastMCP",
    "FastMCP.from_openapi": "FastMCP",
    "create_proxy": "FastMCP",
    "get_context": "Context",
    "get_server": "FastMCP",
}
_DEPTH = 40
ALONE = Others()


class Source:
    """One parsed file, and what its expressions stand for."""

    def __init__(
        self,
        tree: ast.Module,
        path: str,
        others: Others = ALONE,
        declared: frozenset[str] = frozenset(),
    ) -> None:
        """Read the scopes; `others` are the other files of the tree.

        `declared` are the packages that the project itself requires.
        """
        self.tree = tree
        self.path = path
        self.declared = declared
        self.scopes: Scopes = read_scopes(tree)
        self.nodes = list(self.scopes.of)
        self.others = others
        self._known: dict[tuple[int, str], Value | None] = {}
        self._used = self._attributes_by_name()
        self.classes = Classes(self.nodes, self.scopes, self.value)
        self._made: dict[Function, Value | None] = {}

    def _attributes_by_name(self) -> Mapping[str, set[str]]:
        used: dict[str, set[str]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used.setdefault(node.value.id, set()).add(node.attr)
        return used

    def value(self, node: ast.AST | None, depth: int = 0) -> Value | None:
        """Return what an expression stands for, or None where that isn't certain."""
        if depth > _DEPTH:
            return None
        match node:
            case ast.Name():
                return self.lookup(node.id, self.scopes.of.get(node, self.scopes.module), depth)
            case ast.Attribute():
                return self._attribute(node, depth + 1)
            case ast.Call():
                return self._call(node, depth + 1)
            case ast.Subscript():  # a generic class: FastMCP[State]
                outer = self.value(node.value, depth + 1)
                return outer if outer is not None and outer.kind in {"name", "class"} else None
        return self._combined(node, depth + 1)

    def _combined(self, node: ast.AST | None, depth: int) -> Value | None:
        found: Value | None = None
        match node:
            case ast.Await(value=ast.Call(func=ast.Attribute(attr="call_tool") as called)):
                if self.is_instance(called.value, "Client"):
                    found = Value("instance", "CallToolResult")
            case ast.Await() | ast.NamedExpr():
                found = self.value(node.value, depth)
            case ast.IfExp():
                found = self._agreeing([node.body, node.orelse], depth)
            case ast.BoolOp():
                found = self._agreeing(node.values, depth)
        return found

    def is_instance(self, node: ast.AST | None, name: str, member: str = "") -> bool:
        """Tell whether an expression is an instance of the FastMCP class of this name.

        One of a subclass in this file is, too, unless the class defines `member` itself.
        """
        value = self.value(node)
        if value is None or value.kind != "instance":
            return False
        return self.kind_of(value, member) == name

    def kind_of(self, value: Value, member: str = "") -> str:
        """Return the name of an instance's class, or of the imported one that its class is of."""
        if isinstance(value.node, ast.ClassDef):
            return self.classes.base_of(value.node, member)
        return value.name

    def name_of(self, node: ast.AST | None) -> str:
        """Return the (short) name of an imported thing, or an empty text."""
        value = self.value(node)
        return value.name if value is not None and value.kind == "name" else ""

    def lookup(self, name: str, start: Scope, depth: int = 0) -> Value | None:
        """Return what a name stands for in a scope."""
        for scope in start.around():
            if name in scope.bindings and name not in scope.elsewhere:
                return self._bound(name, scope, depth + 1)
        if name == "FastMCP":  # a star import, or a piece of a longer file
            return Value("name", name)
        if hasattr(builtins, name) or not _SERVER_NAME.fullmatch(name):
            return None
        return Value("instance", "FastMCP")

    def _bound(self, name: str, scope: Scope, depth: int) -> Value | None:
        key = (id(scope), name)
        if key not in self._known:
            self._known[key] = None  # a name bound to itself stays unknown
            self._known[key] = self._of_bindings(name, scope, depth)
        return self._known[key]

    def _of_bindings(self, name: str, scope: Scope, depth: int) -> Value | None:
        return _agreed(
            [
                self._of_binding(name, binding, scope, depth)
                for binding in scope.bindings[name]
                if not (isinstance(binding.value, ast.Constant) and binding.value.value is None)
            ]
        )

    def _of_binding(self, name: str, binding: Binding, scope: Scope, depth: int) -> Value | None:
        if binding.origin:
            return self._imported(binding.origin, name)
        if binding.definition is not None:
            return _defined(binding.definition)
        if binding.owner is not None:
            return Value("instance", _own(binding.owner), binding.owner)
        if binding.annotation is not None:
            return annotated(self, binding.annotation, scope, depth)
        if binding.value is not None:
            return self.value(binding.value, depth)
        return self._parameter(name, scope, depth) if binding.parameter else None

    def _parameter(self, name: str, scope: Scope, depth: int) -> Value | None:
        decorators = getattr(scope.node, "decorator_list", ())
        if any("patch" in ast.unparse(decorator) for decorator in decorators):
            return None
        local = self.fixture(name)
        if local is not None and local is not scope.node:
            return self.made_by(local, depth + 1)
        return self.others.fixture(self.path, name) or self._by_use(name)

    def fixture(self, name: str) -> Function | None:
        """Return pytest's fixture of a name, if the file defines it."""
        for binding in self.scopes.module.bindings.get(name, []):
            made = binding.definition
            if isinstance(made, Function):
                named = [ast.unparse(decorator) for decorator in made.decorator_list]
                return made if any("fixture" in text for text in named) else None
        return None

    def _imported(self, origin: str, name: str) -> Value | None:
        found = self.others.resolve(self.path, origin)
        if found is not None:
            return found
        value = imported_value(origin)
        if value.name == origin and origin not in {"fastmcp", "mcp"} and self._by_use(name):
            return self._by_use(name)
        return value

    def _by_use(self, name: str) -> Value | None:
        if _SERVER_NAME.fullmatch(name) and self._used.get(name, set()) & _SERVER_USES:
            return Value("instance", "FastMCP")
        return None

    def _attribute(self, node: ast.Attribute, depth: int) -> Value | None:
        if node.attr == "fastmcp_context":
            return Value("instance", "Context")
        base = self.value(node.value, depth)
        if base is None:
            return None
        if base.kind == "name":
            dotted = f"{base.origin or base.name}.{node.attr}"
            known = self.others.resolve(self.path, dotted)
            return known or imported_value(dotted)
        if base.kind in {"class", "instance"} and isinstance(base.node, ast.ClassDef):
            return self._member(base.node, node.attr, depth)
        is_server = (base.kind, base.name, node.attr) == ("instance", "Context", "fastmcp")
        return Value("instance", "FastMCP") if is_server else None

    def _member(self, owner: ast.ClassDef, attribute: str, depth: int) -> Value | None:
        found: list[Value | None] = []
        for node in self.classes.fields(owner, attribute):
            if isinstance(node, ast.AnnAssign):
                found.append(annotated(self, node.annotation, self.scopes.of[node], depth))
            elif not (isinstance(node.value, ast.Constant) and node.value.value is None):
                found.append(self.value(node.value, depth))
        return _agreed(found)

    def _agreeing(self, nodes: Iterable[ast.expr], depth: int) -> Value | None:
        """Return what all of some expressions stand for; `None` among them changes nothing."""
        real = [n for n in nodes if not (isinstance(n, ast.Constant) and n.value is None)]
        return _agreed([self.value(node, depth) for node in real])

    def made_by(self, function: Function, depth: int = 0) -> Value | None:
        """Return what calling a function gives, or a generator yields, by annotation or body."""
        if function not in self._made:
            self._made[function] = None  # what calls itself makes nothing certain
            self._made[function] = self._made_by(function, depth)
        return self._made[function]

    def _made_by(self, function: Function, depth: int) -> Value | None:
        if function.returns is not None:
            scope = self.scopes.of.get(function, self.scopes.module)
            return yielded(self, function.returns, scope, depth)
        given = [
            node.value
            for node in own_nodes(function)
            if isinstance(node, ast.Return | ast.Yield) and node.value is not None
        ]
        return self._agreeing(given, depth + 1)

    def _call(self, node: ast.Call, depth: int) -> Value | None:
        called = self.value(node.func, depth)
        made: Value | None = None
        if called is None:
            return None
        if called.kind == "class":
            made = Value("instance", called.name, called.node)
        elif called.kind == "factory":
            made = Value("instance", called.name)
        elif isinstance(called.node, Function):
            result = self.made_by(called.node, depth)
            made = result if result is not None and result.kind == "instance" else None
        elif called.name == "functools.partial" and node.args:
            made = self.value(node.args[0], depth)
        elif called.kind == "name":
            last = called.name.rpartition(".")[2]
            name = _MAKERS.get(called.name, called.name if last[:1].isupper() else "")
            made = Value("instance", name, node) if name else None
        return made


def _agreed(values: list[Value | None]) -> Value | None:
    """Return the one meaning of several expressions; which of them made it is then unknown."""
    first = values[0] if values else None
    if first is None:
        return None
    if any(v is None or (v.kind, v.name) != (first.kind, first.name) for v in values):
        return None
    alike = all(v is not None and v.node is first.node for v in values)
    return first if alike else Value(first.kind, first.name, origin=first.origin)


def _defined(node: Function | ast.ClassDef) -> Value:
    return Value("class" if isinstance(node, ast.ClassDef) else "function", _own(node), node)


def _own(node: Function | ast.ClassDef) -> str:
    """Return a name that no imported thing has."""
    return f"<{node.name}>"

"""What an expression stands for: an imported name, an instance, a function or class of the file."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mcpforge.inspection.scopes import Binding, Function, Scope, Scopes, read_scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Fields = dict[tuple[ast.ClassDef, str], list[ast.Assign | ast.AnnAssign]]

Kind = Literal["name", "instance", "function", "class"]

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
_UNIONS = frozenset({"typing.Optional", "typing.Union", "typing.Annotated"})
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Value:
    """`name` is dotted for what is imported; FastMCP's own names are their last part alone.

    `node` is the call that made an instance, or the definition of a function or class.
    """

    kind: Kind
    name: str
    node: ast.AST | None = None


def public_name(dotted: str) -> str:
    """Return the short name of what FastMCP exports under many paths, anything else unchanged."""
    if dotted.startswith(("fastmcp.", "mcp.server.fastmcp.")):
        return dotted.rpartition(".")[2]
    return dotted


class Source:
    """One parsed file, and what its expressions stand for."""

    def __init__(
        self,
        tree: ast.Module,
        path: str,
        resolve: Callable[[str, str], Value | None] = lambda _path, _dotted: None,
        declared: frozenset[str] = frozenset(),
    ) -> None:
        """Read the scopes; `resolve` finds what other files of the tree export.

        `declared` are the packages that the project itself requires.
        """
        self.tree = tree
        self.path = path
        self.declared = declared
        self.scopes: Scopes = read_scopes(tree)
        self.nodes = list(self.scopes.of)
        self._resolve = resolve
        self._known: dict[tuple[int, str], Value | None] = {}
        self._used = self._attributes_by_name()
        self._fields: Fields | None = None

    def _attributes_by_name(self) -> Mapping[str, set[str]]:
        used: dict[str, set[str]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used.setdefault(node.value.id, set()).add(node.attr)
        return used

    def value(self, node: ast.AST | None, depth: int = 0) -> Value | None:
        """Return what an expression stands for, or None where that isn't certain."""
        found: Value | None = None
        if depth > _DEPTH:
            return found
        match node:
            case ast.Name():
                scope = self.scopes.of.get(node, self.scopes.module)
                found = self.lookup(node.id, scope, depth)
            case ast.Attribute():
                found = self._attribute(node, depth + 1)
            case ast.Call():
                found = self._call(node, depth + 1)
            case ast.Await(value=ast.Call(func=ast.Attribute(attr="call_tool") as called)):
                if self.is_instance(called.value, "Client"):
                    found = Value("instance", "CallToolResult")
            case ast.Await():
                found = self.value(node.value, depth + 1)
        return found

    def is_instance(self, node: ast.AST | None, name: str) -> bool:
        """Tell whether an expression is an instance of the FastMCP class of this name."""
        value = self.value(node)
        return value is not None and value.kind == "instance" and value.name == name

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
            self._known[key] = self._agreed(name, scope, depth)
        return self._known[key]

    def _agreed(self, name: str, scope: Scope, depth: int) -> Value | None:
        values = [
            self._of_binding(name, binding, scope, depth)
            for binding in scope.bindings[name]
            if not (isinstance(binding.value, ast.Constant) and binding.value.value is None)
        ]
        first = values[0] if values else None
        if first is None:
            return None
        if any(v is None or (v.kind, v.name) != (first.kind, first.name) for v in values):
            return None
        alike = all(v is not None and v.node is first.node for v in values)
        return first if alike else Value(first.kind, first.name)

    def _of_binding(self, name: str, binding: Binding, scope: Scope, depth: int) -> Value | None:
        if binding.origin:
            return self._imported(binding.origin, name)
        if binding.definition is not None:
            return _defined(binding.definition)
        if binding.owner is not None:
            return Value("instance", _own(binding.owner), binding.owner)
        if binding.annotation is not None:
            return self.annotated(binding.annotation, scope, depth)
        if binding.value is not None:
            return self.value(binding.value, depth)
        return self._by_use(name) if binding.parameter else None

    def _imported(self, origin: str, name: str) -> Value | None:
        found = self._resolve(self.path, origin)
        if found is not None:
            return found
        dotted = public_name(origin)
        if dotted == origin and origin not in {"fastmcp", "mcp"} and self._by_use(name):
            return self._by_use(name)
        return Value("name", dotted)

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
            dotted = f"{base.name}.{node.attr}"
            if found := self._resolve(self.path, dotted):
                return found
            return Value("name", dotted if base.name == "FastMCP" else public_name(dotted))
        if base.kind == "instance" and isinstance(base.node, ast.ClassDef):
            return self._member(base.node, node.attr, depth)
        is_server = (base.kind, base.name, node.attr) == ("instance", "Context", "fastmcp")
        return Value("instance", "FastMCP") if is_server else None

    def _member(self, owner: ast.ClassDef, attribute: str, depth: int) -> Value | None:
        found: list[Value | None] = []
        for node in self._members().get((owner, attribute), ()):
            if isinstance(node, ast.AnnAssign):
                scope = self.scopes.of[node]
                found.append(self.annotated(node.annotation, scope, depth))
            else:
                found.append(self.value(node.value, depth))
        return found[0] if found and all(v == found[0] for v in found) else None

    def _members(self) -> Fields:
        if self._fields is None:
            self._fields = {}
            for node in self.nodes:
                if isinstance(node, ast.Assign | ast.AnnAssign):
                    self._add_member(self._fields, node)
        return self._fields

    def _add_member(self, fields: Fields, node: ast.Assign | ast.AnnAssign) -> None:
        around = self.scopes.of[node]
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        owner: ast.AST | None = None
        name = ""
        match target:
            case ast.Name(id=name) if isinstance(node, ast.AnnAssign):
                owner = around.node
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if around.parent:
                owner = around.parent.node
        if isinstance(owner, ast.ClassDef):
            fields.setdefault((owner, name), []).append(node)

    def _call(self, node: ast.Call, depth: int) -> Value | None:
        called = self.value(node.func, depth)
        if called is None:
            return None
        if called.kind == "class":
            return Value("instance", called.name, called.node)
        if isinstance(called.node, ast.FunctionDef | ast.AsyncFunctionDef):
            scope = self.scopes.of.get(called.node, self.scopes.module)
            return self.annotated(called.node.returns, scope, depth)
        if called.kind != "name":
            return None
        last = called.name.rpartition(".")[2]
        made = _MAKERS.get(called.name, called.name if last[:1].isupper() else "")
        return Value("instance", made, node) if made else None

    def annotated(self, node: ast.expr | None, scope: Scope, depth: int = 0) -> Value | None:
        """Return the instance that an annotation promises; `None` beside it changes nothing."""
        if depth > _DEPTH:
            return None
        match node:
            case ast.Constant(value=str(text)):
                return self._quoted(text, scope, depth)
            case ast.BinOp(op=ast.BitOr()):
                return self._one_of([node.left, node.right], scope, depth)
            case ast.Subscript():
                return self._subscript(node, scope, depth)
            case ast.Name() | ast.Attribute():
                value = self.value(node, depth + 1)
                if value is not None and value.kind in {"name", "class"}:
                    return Value("instance", value.name, value.node)
        return None

    def _subscript(self, node: ast.Subscript, scope: Scope, depth: int) -> Value | None:
        outer = self.name_of(node.value)
        if outer not in _UNIONS:
            return self.annotated(node.value, scope, depth + 1)
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return self._one_of(items[:1] if outer == "typing.Annotated" else items, scope, depth)

    def _one_of(self, nodes: list[ast.expr], scope: Scope, depth: int) -> Value | None:
        real = [n for n in nodes if not (isinstance(n, ast.Constant) and n.value is None)]
        return self.annotated(real[0], scope, depth + 1) if len(real) == 1 else None

    def _quoted(self, text: str, scope: Scope, depth: int) -> Value | None:
        name = text.partition("[")[0].split("|")[0].strip()
        if not all(part.isidentifier() for part in name.split(".")):
            return None
        first, *rest = name.split(".")
        value = self.lookup(first, scope, depth + 1)
        if value is None or (rest and value.kind != "name"):
            return None
        dotted = public_name(".".join([value.name, *rest]))
        return Value("instance", dotted, value.node)


def _defined(node: Function | ast.ClassDef) -> Value:
    return Value("class" if isinstance(node, ast.ClassDef) else "function", _own(node), node)


def _own(node: Function | ast.ClassDef) -> str:
    """Return a name that no imported thing has."""
    return f"<{node.name}>"

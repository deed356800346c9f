"""Which names a module binds, and where: the scopes of a syntax tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, *_COMPREHENSIONS)


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """How a name gets a value: an import, an expression, an annotation, a definition, or unknown.

    `origin` is the dotted name of an import, its leading dots kept.
    """

    origin: str = ""
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    definition: Function | ast.ClassDef | None = None
    owner: ast.ClassDef | None = None
    parameter: bool = False


@dataclass(slots=True, eq=False)
class Scope:
    """One scope: its node, the one around it, and what it binds."""

    node: ast.AST
    parent: Scope | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)

    def bind(self, name: str, binding: Binding) -> None:
        """Add one way in which this scope gives the name a value."""
        self.bindings.setdefault(name, []).append(binding)

    def around(self) -> Iterator[Scope]:
        """Yield the scopes in which Python looks a name up: this one, then those around it."""
        yield self
        scope = self.parent
        while scope is not None:
            if not isinstance(scope.node, ast.ClassDef):
                yield scope
            scope = scope.parent


@dataclass(slots=True, eq=False)
class Scopes:
    """The scopes of one tree: the outermost, the one of each node, and each node's parent."""

    module: Scope
    of: dict[ast.AST, Scope]
    parents: dict[ast.AST, ast.AST]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, the nearest first."""
        parent = self.parents.get(node)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def function_of(self, node: ast.AST) -> Function | ast.Lambda | None:
        """Return the function whose body runs this node, if any."""
        scope: Scope | None = self.of[node]
        while scope is not None:
            if isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return scope.node
            scope = scope.parent
        return None


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, without those of functions and classes inside."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))


def read_scopes(tree: ast.Module) -> Scopes:
    """Return the scopes of a tree; walks without recursion, so depth is no danger."""
    module = Scope(tree)
    scopes = Scopes(module, {tree: module}, {})
    stack: list[tuple[ast.AST, Scope]] = [(tree, module)]
    nodes: list[tuple[ast.AST, Scope]] = []
    while stack:
        node, scope = stack.pop()
        nodes.append((node, scope))
        inner = Scope(node, scope) if isinstance(node, _SCOPES) else scope
        outside = _outside(node)
        for child in ast.iter_child_nodes(node):
            scopes.parents[child] = node
            child_scope = scope if child in outside else inner
            scopes.of[child] = child_scope
            stack.append((child, child_scope))
        if inner is not scope:
            _bind_parameters(node, inner)
        if isinstance(node, ast.Global | ast.Nonlocal):
            scope.elsewhere.update(node.names)
    for node, scope in nodes:
        _bind(node, scope, scopes)
    return scopes


def _outside(node: ast.AST) -> set[ast.AST]:
    """Return the children that run in the scope around: decorators, bases, the first iterable."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return {*node.decorator_list, *filter(None, [node.returns])}
    if isinstance(node, ast.ClassDef):
        return {*node.decorator_list, *node.bases, *node.keywords}
    return set()


def _bind_parameters(node: ast.AST, scope: Scope) -> None:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    spec = node.args
    around = scope.parent.node if scope.parent else None
    owner = around if isinstance(around, ast.ClassDef) else None
    for index, parameter in enumerate([*spec.posonlyargs, *spec.args, *spec.kwonlyargs]):
        own = owner if index == 0 and not parameter.annotation else None
        scope.bind(
            parameter.arg, Binding(annotation=parameter.annotation, owner=own, parameter=True)
        )
    for extra in (spec.vararg, spec.kwarg):
        if extra:
            scope.bind(extra.arg, Binding(parameter=True))


def _bind(node: ast.AST, scope: Scope, scopes: Scopes) -> None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        for name, origin in imported(node):
            _target(scope, name, scopes).bind(name, Binding(origin=origin))
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        _target(scope, node.name, scopes).bind(node.name, Binding(definition=node))
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        binding = _assigned(node, scopes.parents[node])
        _target(scope, node.id, scopes).bind(node.id, binding)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        scope.bind(node.name, Binding())


def _target(scope: Scope, name: str, scopes: Scopes) -> Scope:
    return scopes.module if name in scope.elsewhere else scope


def _assigned(node: ast.Name, parent: ast.AST) -> Binding:
    if isinstance(parent, ast.Assign) and node in parent.targets:
        return Binding(value=parent.value)
    if isinstance(parent, ast.AnnAssign) and parent.target is node:
        return Binding(annotation=parent.annotation, value=parent.value)
    if isinstance(parent, ast.NamedExpr):
        return Binding(value=parent.value)
    if isinstance(parent, ast.withitem) and parent.optional_vars is node:
        return Binding(value=parent.context_expr)
    return Binding()


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield the names that an import binds, with the dotted name behind each."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield ((alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2)
        return
    base = "." * node.level + (node.module or "")
    for alias in node.names:
        joined = f"{base}{alias.name}" if base.endswith(".") else f"{base}.{alias.name}"
        yield alias.asname or alias.name, joined

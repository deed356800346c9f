"""Names that the user changed: base and theirs get the same names before they are compared."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mcpforge.merge.edits import Edit, apply
from mcpforge.merge.pyfacts import parse
from mcpforge.merge.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class _Bound:
    """What a scope binds: name → how it comes to be (position, annotation, callee, iterable)."""

    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, sign: str) -> None:
        self.names.setdefault(name, []).append(sign)


def followed(base: Source, ours: Source, theirs: Source) -> tuple[Source, Source]:
    """Return base and theirs with the names that the user gave to functions and variables."""
    top = _renamed(base.tree, ours.tree, _bound_at_top(base.tree), _bound_at_top(ours.tree))
    base, theirs = _with_names(base, base.tree, top), _with_names(theirs, theirs.tree, top)
    for name in [node.name for node in base.tree.body if isinstance(node, _Function)]:
        old, mine, new = (_function(source, name) for source in (base, ours, theirs))
        if old is None or mine is None:
            continue
        local = _renamed(old, mine, _bound_in(old), _bound_in(mine))
        base = _with_names(base, old, local)
        if new is not None:
            theirs = _with_names(theirs, new, local)
    return base, theirs


def definitions(base: str, ours: str) -> tuple[dict[str, str], frozenset[str]]:
    """Return how the user calls what a module of ours defines: old name → new, and what is gone.

    A definition is known again by its body, else as `followed` knows it, and only where it is one.
    Nothing is gone from a text that can't be read or that imports `*`.
    """
    old, mine = parse(base), parse(ours)
    if old is None or mine is None:
        return {}, frozenset()
    bound, known = _bound_names(mine), _bound_names(old)
    before = {name: node for name, node in _defined(old) if name not in bound}
    if not before or "*" in bound:
        return {}, frozenset()
    after = {name: node for name, node in _defined(mine) if name not in known}
    renamed: dict[str, str] = {}
    likely = _renamed(old, mine, _bound_at_top(old), _bound_at_top(mine))
    for name, node in before.items():
        same = [other for other, body in after.items() if _without(node) == _without(body)]
        if len(same) == 1:
            renamed[name] = same[0]
        elif not same and likely.get(name) in after:
            renamed[name] = likely[name]
    certain = {old: new for old, new in renamed.items() if [*renamed.values()].count(new) == 1}
    return certain, frozenset(before) - certain.keys()


def _defined(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node


def _without(node: ast.stmt) -> str:
    """Return what a definition says, without the name that it gives."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        if node.value is None or isinstance(node.value, ast.Constant):
            return ast.dump(node)  # too little to know it again
        return ast.dump(node.value)
    own = getattr(node, "name", "")
    return re.sub(rf"'{re.escape(own)}'", "''", ast.dump(node))


def _bound_names(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, _Function | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    return names


def _function(source: Source, name: str) -> _Function | None:
    found = [
        node for node in ast.walk(source.tree) if isinstance(node, _Function) and node.name == name
    ]
    return found[0] if len(found) == 1 else None


def _used(scope: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(scope):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, _Function | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    return names


def _renamed(base: _Scope, ours: _Scope, old: _Bound, new: _Bound) -> dict[str, str]:
    """Return which name became which: bound the same way, and only one side knows it."""
    mine, theirs = _used(ours), _used(base)
    lost = {name: signs for name, signs in old.names.items() if name not in mine}
    found = {name: signs for name, signs in new.names.items() if name not in theirs}
    renamed: dict[str, str] = {}
    for name, signs in lost.items():
        partners = [other for other, others in found.items() if set(signs) & set(others)]
        if len(partners) == 1 and partners[0] not in renamed.values():
            renamed[name] = partners[0]
    return renamed


def _bound_in(function: _Function) -> _Bound:
    bound = _Bound()
    arguments = function.args
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    for argument in everything:
        if argument.annotation is not None:
            bound.add(argument.arg, f"parameter {ast.dump(argument.annotation)}")
        else:
            bound.add(argument.arg, f"parameter {everything.index(argument)}")
    for name, sign in _assigned(function.body):
        bound.add(name, sign)
    return bound


def _bound_at_top(tree: ast.Module) -> _Bound:
    bound = _Bound()
    for name, sign in _assigned(tree.body):
        bound.add(name, sign)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = ast.get_docstring(node) or ""
            bound.add(
                node.name, f"{type(node).__name__} {first}" if first else f"code {_shape(node)}"
            )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                spelled = f"import {node.level} {node.module} {alias.name}"
                bound.add(alias.asname or alias.name, spelled)
    return bound


def _shape(node: ast.AST) -> str:
    return " ".join(type(part).__name__ for part in ast.walk(node))


def _assigned(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    yield name, _sign(value)
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    yield name, f"annotated {ast.dump(annotation)}"
                case ast.For(target=ast.Name(id=name), iter=iterated):
                    yield name, f"for {ast.dump(iterated)}"
                case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)):
                    yield name, f"with {_sign(value)}"


def _sign(value: ast.expr) -> str:
    if isinstance(value, ast.Call):
        return f"call {ast.dump(value.func)}"
    return ast.dump(value)


def _with_names(source: Source, scope: ast.AST, names: Mapping[str, str]) -> Source:
    if not names:
        return source
    edits = {edit for node in ast.walk(scope) for edit in _edits(source, node, names)}
    return Source(apply(source.text, edits)) if edits else source


def _edits(source: Source, node: ast.AST, names: Mapping[str, str]) -> Iterator[Edit]:
    match node:
        case ast.Name(id=name) if name in names:
            start = source.offset(node.lineno, node.col_offset)
        case ast.arg(arg=name) if name in names:
            start = source.offset(node.lineno, node.col_offset)
        case (
            ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name)
        ) if name in names:
            start = source.text.find(name, source.offset(node.lineno, node.col_offset))
        case _:
            return
    if source.text.startswith(name, start):
        yield Edit(start, start + len(name), names[name])

"""What stands in Python source: entries by address, unknown names, names used too early."""

from __future__ import annotations

import ast
import builtins
import symtable
import warnings
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Entry = tuple[str, str, str]
"""Address (names of what is around), kind, and the entry itself without its layout."""

_MODULE_NAMES = {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__annotations__"}


def parse(text: str) -> ast.Module | None:
    """Return the syntax tree, or nothing for what this Python can't compile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
            compile(text, "<merged>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return tree


def entries(tree: ast.Module) -> Counter[Entry]:
    """Return how often each import, statement, definition, list entry and argument stands."""
    return Counter(_of_body(tree.body, ""))


def _of_body(body: Sequence[ast.stmt], address: str) -> Iterator[Entry]:
    for statement in body:
        yield from _of_statement(statement, address)


def _of_statement(node: ast.stmt, address: str) -> Iterator[Entry]:
    match node:
        case ast.ImportFrom():
            module = f"{'.' * node.level}{node.module or ''}"
            yield from ((address, f"from {module}", ast.dump(alias)) for alias in node.names)
            return
        case ast.Import():
            yield from ((address, "import", ast.dump(alias)) for alias in node.names)
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            place = f"{address}.{node.name}"
            yield (address, "definition", node.name)
        case ast.AnnAssign(target=ast.Name(id=name)):
            place = f"{address}.{name}"
            yield (address, "name", name)
        case ast.Assign(targets=[ast.Name(id=name)]):
            place = f"{address}.{name}"
            yield (address, "name", name)
        case _:
            place = address
            yield (address, "statement", _head(node))
    yield from _of_parts(node, place)


def _head(node: ast.stmt) -> str:
    """Return what a statement is without the parts that have addresses of their own."""
    match node:
        case ast.For(target=target, iter=iterated):
            return f"for {ast.dump(target)} in {ast.dump(iterated)}"
        case ast.If(test=test) | ast.While(test=test):
            return f"if {ast.dump(test)}"
        case ast.Expr(value=ast.Call(func=callee, args=args)):
            return f"{ast.dump(callee)} {[ast.dump(argument) for argument in args]}"
        case ast.With() | ast.AsyncWith() | ast.Try() | ast.Return() | ast.Match():
            return type(node).__name__
    return ast.dump(node)


def _of_parts(node: ast.AST, address: str) -> Iterator[Entry]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield from _of_statement(child, address)
        else:
            yield from _of_expression(child, address)


def _of_expression(node: ast.AST, address: str) -> Iterator[Entry]:
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            yield from ((address, "entry", ast.dump(element)) for element in elements)
        case ast.Dict(keys=keys):
            yield from ((address, "key", ast.dump(key)) for key in keys if key is not None)
        case ast.Call():
            address = f"{address}({ast.unparse(node.func)})"
            yield from ((address, "argument", ast.dump(argument)) for argument in node.args)
            yield from ((address, "keyword", str(keyword.arg)) for keyword in node.keywords)
        case ast.keyword(arg=str(name)):
            address = f"{address}.{name}"
    yield from _of_parts(node, address)


def unknown_names(text: str) -> set[str]:
    """Return the names that are used as globals and defined nowhere in the module."""
    top = symtable.symtable(text, "<merged>", "exec")
    known = {*dir(builtins), *_MODULE_NAMES}
    used = set()
    for table in _tables(top):
        for symbol in table.get_symbols():
            at_top = table is top or symbol.is_global()
            if at_top and (symbol.is_assigned() or symbol.is_imported()):
                known.add(symbol.get_name())
            if at_top and symbol.is_referenced():
                used.add(symbol.get_name())
    return used - known


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def early_names(tree: ast.Module) -> set[Entry]:
    """Return the local names that a function uses on a line above the first that sets them."""
    found: set[Entry] = set()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
            stored: dict[str, int] = {}
            loaded: dict[str, int] = {}
            for name in _names(function.body):
                first = loaded if isinstance(name.ctx, ast.Load) else stored
                first[name.id] = min(first.get(name.id, name.lineno), name.lineno)
            found |= {
                (function.name, "early", name)
                for name, line in stored.items()
                if name not in arguments and loaded.get(name, line) < line
            }
    return found


def _names(body: Sequence[ast.AST]) -> Iterator[ast.Name]:
    """Walk over names that run with the body: not those of functions inside it."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    scopes = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    for node in body:
        if isinstance(node, ast.Name):
            yield node
        elif not isinstance(node, inner + scopes):
            yield from _names(list(ast.iter_child_nodes(node)))

"""Whether two texts differ in their form only, as a formatter or an editor changes it."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from typing import TYPE_CHECKING

from mcpforge.merge import endings
from mcpforge.merge.structured.imports import full_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def only_formatted(path: str, one: bytes, other: bytes) -> bool:
    """Whether one text is the other in another form, so that all that was written is in both.

    The form is line endings, white space at the ends of lines and of the text, and of Python all
    that has no meaning: layout, quotes, brackets, the order and the spelling of its imports.
    Comments and the texts of docstrings count, their indentation does not.
    """
    try:
        texts = [endings.plain(content.decode("utf-8")) for content in (one, other)]
    except UnicodeDecodeError:
        return False
    first, second = ([line.rstrip() for line in text.rstrip().split("\n")] for text in texts)
    if first == second:
        return True
    if not path.endswith(".py"):
        return False
    try:
        found, wanted = (_meaning(path, text) for text in texts)
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return False
    return found == wanted


def _meaning(path: str, text: str) -> tuple[str, list[str]]:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            _outdent(node)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, list(_with_imports_sorted(path, statements)))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string.strip() for token in tokens if token.type == tokenize.COMMENT]
    return ast.dump(tree), comments


def _outdent(node: _DOCUMENTED) -> None:
    """Take the indentation out of a docstring, as `help()` does."""
    first = node.body[0] if node.body else None
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
        return
    if isinstance(first.value.value, str):
        first.value.value = inspect.cleandoc(first.value.value)


def _with_imports_sorted(path: str, statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements, each run of imports name by name in one order."""
    run: list[tuple[str, str, str]] = []
    for statement in statements:
        if isinstance(statement, ast.Import):
            run += [(alias.name, "", alias.asname or "") for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            module = full_module(statement, path)
            run += [(module, alias.name, alias.asname or "") for alias in statement.names]
        else:
            yield from _imports(run)
            run = []
            yield statement
    yield from _imports(run)


def _imports(run: list[tuple[str, str, str]]) -> Iterator[ast.stmt]:
    if run:
        yield ast.Expr(ast.Constant(repr(sorted(set(run)))))

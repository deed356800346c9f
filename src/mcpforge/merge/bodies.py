"""Statements of a body: what each is known by, and the lines around them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mcpforge.merge.edits import line_end, line_start
from mcpforge.merge.sequences import Item


@dataclass(frozen=True, slots=True)
class Where:
    """Where a new statement goes: before which of the user's, in what, and which of them stay."""

    at: int | None
    place: str
    staying: tuple[bool, ...]
    last: bool

    def below(self, at: int, *, closer: bool) -> bool:
        """Whether it is put below the statement before; not below one that goes itself."""
        if not at:
            return False
        if self.staying[at - 1] != self.staying[at]:
            return self.staying[at - 1] and (at > 1 or bool(self.place))
        return self.last or closer


def item_of(node: ast.stmt) -> Item:
    """Return what a statement means, and what it is still known by when edited."""
    return Item(ast.dump(node), identity_of(node), type(node).__name__)


def identity_of(node: ast.stmt) -> str:
    """Return what a statement is still known by when it was edited."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return f"definition {name}"
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return f"bind {ast.dump(target)}"
        case ast.Expr(value=ast.Constant(value=str())):
            return "doc"
        case ast.Expr(value=ast.Call(func=callee, args=args)):
            return f"call {ast.dump(callee)} {ast.dump(args[0]) if args else ''}"
    return _identity_of_block(node)


def _identity_of_block(node: ast.stmt) -> str:
    match node:
        case ast.For(target=target, iter=iterated) | ast.AsyncFor(target=target, iter=iterated):
            return f"for {ast.dump(target)} {ast.dump(iterated)}"
        case ast.If(test=test) | ast.While(test=test):
            return f"if {ast.dump(test)}"
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return f"with {ast.dump(items[0])}"
        case ast.Return() | ast.Try():
            return type(node).__name__.lower()
    return ""


def is_type_checking(node: ast.stmt) -> bool:
    """Say whether a statement is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def indented(text: str, indent: str) -> str:
    """Return the text with an indentation before each line that holds something."""
    return "\n".join(f"{indent}{line}" if line else line for line in text.split("\n"))


def blank_above(text: str, start: int) -> int:
    """Return how many empty lines stand above an offset at which a line begins."""
    count = 0
    while start and not text[line_start(text, start - 1) : start - 1].strip():
        start = line_start(text, start - 1)
        count += 1
    return count


def blank_below(text: str, end: int) -> int:
    """Return how many empty lines follow the line that ends at an offset."""
    count = 0
    at = end + 1
    while at < len(text) and not text[at : line_end(text, at)].strip():
        at = line_end(text, at) + 1
        count += 1
    return count if at < len(text) else 0

"""Python source by offsets: nodes, the brackets behind them, and pieces to put elsewhere."""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from mcpforge.merge import pyfacts
from mcpforge.merge.brackets import Group, Span
from mcpforge.merge.edits import Clash, indentation, line_start

HELD_NEWLINE = "\0"
"""Stands for a newline inside a string of a piece that is on its way, and is never indented."""

_OPENING, _CLOSING = "([{", ")]}"
_LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT}

Bracketed = ast.List | ast.Tuple | ast.Set | ast.Dict | ast.Call


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it stands."""

    type: int
    text: str
    start: int
    end: int


class Source:
    """One Python text with its tree; raises `Clash` for one that does not parse."""

    def __init__(self, text: str) -> None:
        """Parse the text."""
        tree = pyfacts.parse(text)
        if tree is None or "\r" in text or "\f" in text:
            raise Clash("your file can't be read as Python")
        self.text = text
        self.tree = tree

    @cached_property
    def _lines(self) -> list[int]:
        starts = [0]
        for line in self.text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        return starts

    @cached_property
    def tokens(self) -> list[Token]:
        """All tokens, comments too."""
        found = []
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            start = self._lines[token.start[0] - 1] + token.start[1]
            end = self._lines[token.end[0] - 1] + token.end[1]
            found.append(Token(token.type, token.string, start, end))
        return found

    @cached_property
    def _pairs(self) -> dict[int, int]:
        pairs, stack = {}, []
        for token in self.tokens:
            if token.type == tokenize.OP and token.text in _OPENING:
                stack.append(token.start)
            elif token.type == tokenize.OP and token.text in _CLOSING:
                pairs[token.start] = stack.pop()
        return pairs

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a line (from 1) and a column in UTF-8 bytes, as trees have them."""
        start = self._lines[line - 1]
        text = self.text[start : start + column]
        if text.isascii():
            return start + column
        raw = self.text[start : self._lines[line]].encode()
        return start + len(raw[:column].decode())

    def span(self, node: ast.AST) -> Span:
        """Return where a node stands, its decorators included."""
        first = min(getattr(node, "decorator_list", []), key=lambda d: d.lineno, default=None)
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined]
        start = self.offset(line, column)
        if first is not None:
            start = self.text.rfind("@", 0, self.offset(first.lineno, first.col_offset))
        return start, self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def line(self, offset: int) -> int:
        """Return the line, from 1, of an offset."""
        return self.text.count("\n", 0, offset) + 1

    def comments(self, start: int, end: int) -> list[str]:
        """Return the comments between two offsets."""
        tokens = self._between(start, end)
        return [token.text for token in tokens if token.type == tokenize.COMMENT]

    @cached_property
    def _starts(self) -> list[int]:
        return [token.start for token in self.tokens]

    def _between(self, start: int, end: int) -> list[Token]:
        """Return the tokens that begin between two offsets."""
        return self.tokens[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def piece(self, start: int, end: int, unit: str = "    ") -> str:
        """Return a part of the text as if its line began at column 0, indented by a unit.

        Lines inside strings stay as they are.
        """
        indent = indentation(self.text, start)
        lines: list[str] = []
        for line in self._joined_lines(start, end):
            first = not lines and start != line_start(self.text, start)
            lines.append(line if first else _units(line.removeprefix(indent), unit))
        return "\n".join(line.replace("\n", HELD_NEWLINE) for line in lines)

    def _joined_lines(self, start: int, end: int) -> list[str]:
        """Return the lines between two offsets; lines of one string are one."""
        breaks = [at for at in self._newlines(start, end) if at not in self._held]
        starts, ends = [start, *(at + 1 for at in breaks)], [*breaks, end]
        return [self.text[one:two] for one, two in zip(starts, ends, strict=True)]

    def _newlines(self, start: int, end: int) -> list[int]:
        found = []
        at = self.text.find("\n", start, end)
        while at >= 0:
            found.append(at)
            at = self.text.find("\n", at + 1, end)
        return found

    @cached_property
    def _held(self) -> set[int]:
        held: set[int] = set()
        opened: list[int] = []
        for token in self.tokens:
            name = tokenize.tok_name[token.type]
            if name.endswith("STRING_START"):
                opened.append(token.start)
            elif name.endswith("STRING_END") and opened:
                held.update(self._newlines(opened.pop(), token.end))
            elif token.type == tokenize.STRING:
                held.update(self._newlines(token.start, token.end))
        return held

    @cached_property
    def limit(self) -> int:
        """How long the lines of this text may be: 100, or where the longest ends beyond."""
        longest = max(map(len, self.text.split("\n")))
        return next((limit for limit in (100, 120) if longest <= limit), longest)

    def group(self, node: ast.AST) -> Group | None:
        """Return the brackets of a display, a call, or the parameters of a function."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return self._parameters(node)
        if not isinstance(node, Bracketed):
            return None
        start, end = self.span(node)
        opened = self._pairs.get(end - 1)
        if opened is None or (not isinstance(node, ast.Call) and opened != start):
            return None
        return self._group(opened, end - 1)

    def _parameters(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Group | None:
        closing = {opened: closed for closed, opened in self._pairs.items()}
        named = False
        depth_end = -1
        for token in self.tokens:
            if token.start < self.offset(node.lineno, node.col_offset) or token.start < depth_end:
                continue
            if token.text == node.name and token.type == tokenize.NAME:
                named = True
            elif named and token.text == "[":
                depth_end = closing[token.start]
            elif named and token.text == "(":
                return self._group(token.start, closing[token.start])
        return None

    def _group(self, opened: int, closed: int) -> Group:
        items: list[Span] = []
        depth, start, last = 0, -1, -1
        for token in self._between(opened + 1, closed):
            if token.type in _LAYOUT:
                continue
            if token.text == "," and token.type == tokenize.OP and not depth:
                items.append((start, last))
                start = -1
                continue
            if token.type == tokenize.OP:
                depth += (token.text in _OPENING) - (token.text in _CLOSING)
            start = token.start if start < 0 else start
            last = token.end
        if start >= 0:
            items.append((start, last))
        return Group(opened, closed, tuple(items))

    def outer(self, node: ast.AST) -> Span:
        """Return where an expression stands with the brackets that only group it."""
        start, end = self.span(node)
        tokens = [token for token in self.tokens if token.type not in _LAYOUT]
        starts = [token.start for token in tokens]
        first = bisect_left(starts, start)
        last = bisect_left(starts, end) - 1
        while first > 0 and last + 1 < len(tokens) and tokens[first - 1].text == "(":
            before = tokens[first - 2] if first > 1 else None
            called = before is not None and (
                before.text in {")", "]"}
                or (before.type == tokenize.NAME and not keyword.iskeyword(before.text))
            )
            if called or self._pairs.get(tokens[last + 1].start) != tokens[first - 1].start:
                break
            first, last = first - 1, last + 1
            start, end = tokens[first].start, tokens[last].end
        return start, end

    def unit(self) -> str:
        """Return what one level is indented by."""
        for token in self.tokens:
            if token.type == tokenize.INDENT:
                return "\t" if "\t" in token.text else token.text
        return "    "

    def begins_line(self, offset: int) -> bool:
        """Say whether only white space stands before an offset on its line."""
        return not self.text[line_start(self.text, offset) : offset].strip()


def _units(line: str, unit: str) -> str:
    text = line.lstrip(" ")
    levels, rest = divmod(len(line) - len(text), 4)
    return unit * levels + " " * rest + text


def same(one: ast.AST | None, two: ast.AST | None) -> bool:
    """Say whether two nodes mean the same, whatever their layout."""
    if one is None or two is None:
        return one is two
    return ast.dump(one) == ast.dump(two)


def said(value: object) -> str:
    """Return what a node, a list of nodes or a plain value means, as text."""
    if isinstance(value, ast.AST):
        return ast.dump(value)
    return repr([said(item) for item in value]) if isinstance(value, list) else repr(value)

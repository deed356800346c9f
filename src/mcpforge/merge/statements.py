"""Statements of the user's, given what changed in the same body of the templates."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.merge import elsewhere, sequences
from mcpforge.merge.bodies import (
    Where,
    blank_above,
    blank_below,
    identity_of,
    indented,
    is_type_checking,
    item_of,
)
from mcpforge.merge.edits import Clash, Edit, comment_block, indentation, line_end, line_start
from mcpforge.merge.expressions import Expressions
from mcpforge.merge.result import Conflict
from mcpforge.merge.sequences import Change, Insert, Missing
from mcpforge.merge.source import said, same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.merge.source import Source

_Function = ast.FunctionDef | ast.AsyncFunctionDef
Body = list[ast.stmt]


class Statements:
    """Merges bodies of three sources; finds edits of ours, conflicts and advice."""

    def __init__(self, base: Source, ours: Source, theirs: Source) -> None:
        """Begin with nothing found."""
        self.base = base
        self.ours = ours
        self.theirs = theirs
        self.values = Expressions(base, ours, theirs)
        self.conflicts: list[Conflict] = []
        self.advisories: list[str] = []

    @property
    def edits(self) -> list[Edit]:
        """What is to be done to the user's text."""
        return self.values.edits

    def body(self, base: Body, ours: Body, theirs: Body, place: str) -> None:
        """Merge three bodies; imports are no statements here unless a function holds them."""
        old, mine, new = (_kept(body, place) for body in (base, ours, theirs))
        items = [[item_of(node) for node in each] for each in (old, mine, new)]
        steps = sequences.plan(*items)
        gone = [old[index] for index in sequences.gone(*items)]
        imports = [] if place else elsewhere.imports_gone(base, ours, theirs)
        self._gone([*gone, *imports], place or "block")
        staying = [True] * len(mine)
        for step in steps:
            if isinstance(step, Change) and step.theirs is None:
                staying[step.ours] = False
        for step in steps:
            match step:
                case Insert(at=at, theirs=index):
                    where = Where(at, place, tuple(staying), last=index + 1 == len(new))
                    self._insert(new[index], mine, ours, where)
                case Missing(base=before, theirs=index):
                    self._missing(old[before], new[index], place)
                case Change(base=before, ours=own, theirs=None) if before is not None:
                    self._remove(old[before], mine[own], ours, place)
                case Change(base=before, ours=own, theirs=index) if index is not None:
                    self._change(None if before is None else old[before], mine[own], new[index])

    def _gone(self, statements: Body, place: str) -> None:
        """Take out what is to go, and stands in another block of the user's."""
        for node in statements:
            found = elsewhere.same_elsewhere(self.ours.tree, node)
            if found is not None:
                self._remove(node, *found, place)

    def _change(self, base: ast.stmt | None, ours: ast.stmt, theirs: ast.stmt) -> None:
        mark, open_conflicts = len(self.edits), len(self.conflicts)
        try:
            if base is None:
                self._both_added(ours, theirs)
            else:
                self._statement(base, ours, theirs)
        except Clash as clash:
            del self.edits[mark:]
            del self.conflicts[open_conflicts:]
            if base is not None and same(base, ours):
                try:
                    self.values.replace(base, ours, theirs)
                except Clash:
                    self._conflict(clash.message, base, ours, theirs)
            elif identity_of(ours) == "doc":
                line = self.ours.line(self.ours.span(ours)[0])
                text = self.theirs.text[slice(*self.theirs.span(theirs))]
                self.advisories.append(
                    f"line {line}: a docstring was left as you wrote it:\n{text}"
                )
            else:
                self._conflict(clash.message, base, ours, theirs)

    def _both_added(self, ours: ast.stmt, theirs: ast.stmt) -> None:
        mine, new = getattr(ours, "value", None), getattr(theirs, "value", None)
        if type(ours) is type(theirs) and mine is not None and new is not None:
            self.values.merge(None, mine, new)
        else:
            raise Clash("both sides added it differently")

    def _statement(self, base: ast.stmt, ours: ast.stmt, theirs: ast.stmt) -> None:
        if not type(base) is type(ours) is type(theirs):
            self._other_form(base, ours, theirs)
            return
        inner = base.name if isinstance(base, _Function | ast.ClassDef) else ""
        place = inner or ("TYPE_CHECKING" if is_type_checking(base) else "block")
        for name in base._fields:
            old, mine, new = (getattr(node, name, None) for node in (base, ours, theirs))
            if _is_body(old) or _is_body(mine) or _is_body(new):
                mine = _list(mine)
                if isinstance(base, _Function):
                    trees = (self.ours.tree, self.base.tree)
                    mine = elsewhere.body_elsewhere(*trees, _list(old), mine)
                self.body(_list(old), mine, _list(new), place)
            elif isinstance(old, ast.arguments):
                self._parameters(base, ours, theirs)
            else:
                self._field(old, mine, new)

    def _parameters(self, base: ast.stmt, ours: ast.stmt, theirs: ast.stmt) -> None:
        if (
            isinstance(base, _Function)
            and isinstance(ours, _Function)
            and isinstance(theirs, _Function)
        ):
            self.values.parameters(base, ours, theirs)

    def _field(self, old: object, mine: object, new: object) -> None:
        if isinstance(old, ast.AST) and isinstance(mine, ast.AST) and isinstance(new, ast.AST):
            self.values.merge(old, mine, new)
        elif isinstance(old, list) and isinstance(mine, list) and isinstance(new, list):
            self._parts(old, mine, new)
        elif said(old) not in {said(new)} and said(mine) != said(new):
            raise Clash("both sides changed it")

    def _parts(self, old: list[object], mine: list[object], new: list[object]) -> None:
        """Merge decorators, targets, handlers and the like, one by one."""
        if list(map(said, old)) == list(map(said, new)):
            return
        if not len(old) == len(mine) == len(new):
            raise Clash("both sides changed it")
        for base, ours, theirs in zip(old, mine, new, strict=True):
            self._field(base, ours, theirs)

    def _other_form(self, base: ast.stmt, ours: ast.stmt, theirs: ast.stmt) -> None:
        """Merge the value of an assignment that the user made a return, and the like."""
        old, mine, new = (getattr(node, "value", None) for node in (base, ours, theirs))
        if type(base) is not type(theirs) or old is None or mine is None or new is None:
            raise Clash("you wrote it in another form")
        self.values.merge(old, mine, new)

    def _missing(self, base: ast.stmt, theirs: ast.stmt, place: str) -> None:
        """Find a changed statement elsewhere in the user's file: moved, indented, wrapped."""
        if identity_of(base) == "doc":
            return
        found = elsewhere.statement_elsewhere(self.ours.tree, base)
        if found is not None:
            self._change(base, found, theirs)
            return
        old, new = getattr(base, "value", None), getattr(theirs, "value", None)
        if isinstance(old, ast.Call) and isinstance(new, ast.Call):
            calls = [
                node
                for node in ast.walk(self.ours.tree)
                if isinstance(node, ast.Call) and same(node.func, old.func)
            ]
            if len(calls) == 1:
                try:
                    self.values.merge(old, calls[0], new)
                except Clash as clash:
                    self._conflict(clash.message, base, calls[0], theirs)
                return
        where = f" in `{place}`" if place not in {"", "block"} else ""
        self._conflict(f"it is not in your file any more{where}", base, None, theirs)

    def _insert(
        self,
        node: ast.stmt,
        mine: Sequence[ast.stmt],
        body: Body,
        where: Where,
    ) -> None:
        at, place = where.at, where.place
        if at is None and mine and place not in {"", "class"} and not isinstance(node, _Function):
            self._conflict("its place in your file can't be found", None, None, node)
            return
        at = len(mine) if at is None else at
        start, end = self._lines(self.theirs, node)
        text = self.theirs.piece(start, end, self.values.unit)
        before, after = blank_above(self.theirs.text, start), blank_below(self.theirs.text, end)
        neighbour = mine[at] if at < len(mine) else None
        try:
            if neighbour is None or where.below(at, closer=before < after):
                self._after(mine[at - 1] if at else body[-1] if body else None, text, before)
            else:
                self._before(neighbour, body, text, after)
        except Clash as clash:
            self._conflict(clash.message, None, neighbour, node)

    def _after(self, node: ast.stmt | None, text: str, gap: int) -> None:
        if node is None:
            end = len(self.ours.text)
            self.edits.append(Edit(end, end, f"{text}\n"))
            return
        _, end = self._lines(self.ours, node)
        indent = indentation(self.ours.text, self.ours.span(node)[0])
        self.edits.append(Edit(end, end, "\n" * (gap + 1) + indented(text, indent)))

    def _before(self, node: ast.stmt, body: Body, text: str, gap: int) -> None:
        self._lines(self.ours, node)
        start = line_start(self.ours.text, self.ours.span(node)[0])
        index = body.index(node)
        stop = line_end(self.ours.text, self.ours.span(body[index - 1])[1]) + 1 if index else start
        at = comment_block(self.ours.text, start, min(stop, start))
        indent = indentation(self.ours.text, start)
        self.edits.append(Edit(at, at, indented(text, indent) + "\n" * (gap + 1)))

    def _remove(self, base: ast.stmt, ours: ast.stmt, body: Body, place: str) -> None:
        known = set(self.base.comments(0, len(self.base.text)))
        start, end = self.ours.span(ours)
        stop = line_end(self.ours.text, end)
        if not same(base, ours) or set(self.ours.comments(start, stop)) - known:
            self._conflict("it is to go, and you changed it", base, ours, None)
            return
        if len(body) == 1 and place:
            self._conflict("it is to go, and nothing else stands in its block", base, ours, None)
            return
        try:
            first, stop = self._lines(self.ours, ours, known)
        except Clash as clash:
            self._conflict(clash.message, base, ours, None)
            return
        text = self.ours.text
        above, below = blank_above(text, first), blank_below(text, stop)
        if not text[stop:].strip():
            self.edits.append(Edit(max(first - 1 - above, 0), stop, ""))
            return
        end = stop + 1 + min(above, below)
        self.edits.append(Edit(first, min(end, len(text)), ""))

    def _lines(
        self, source: Source, node: ast.stmt, known: set[str] | None = None
    ) -> tuple[int, int]:
        """Return the lines of a statement with the comments right above (those known, if asked).

        Raises `Clash` for a statement that shares its lines with another.
        """
        start, end = source.span(node)
        stop = line_end(source.text, end)
        rest = source.text[end:stop].strip()
        if not source.begins_line(start) or (rest and not rest.startswith("#")):
            raise Clash("it shares its line with other code")
        first = line_start(source.text, start)
        top = comment_block(source.text, first, 0)
        while known is not None and top < first:
            line = source.text[top : line_end(source.text, top)]
            if line.strip() in known:
                break
            top = line_end(source.text, top) + 1
        if top == 0 and source.text.startswith("#!"):
            top = first
        return top, stop

    def _conflict(
        self, reason: str, base: ast.AST | None, ours: ast.AST | None, theirs: ast.AST | None
    ) -> None:
        texts = [
            "" if node is None else source.text[slice(*source.span(node))]
            for source, node in ((self.base, base), (self.ours, ours), (self.theirs, theirs))
        ]
        start, end = self.ours.span(ours) if ours is not None else (0, 0)
        shown = " ".join((texts[1] or texts[2] or texts[0]).split("\n", 1)[0].split())
        first = self.ours.line(start)
        self.conflicts.append(Conflict(f"`{shown}`: {reason}", first, self.ours.line(end), *texts))


def _kept(body: Body, place: str) -> Body:
    """Return a body without the imports that are merged as a set."""
    if place in {"", "TYPE_CHECKING"}:
        return [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return body


def _is_body(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], ast.stmt)


def _list(value: object) -> Body:
    return value if isinstance(value, list) else []

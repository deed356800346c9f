"""Expressions of the user's, given what changed in the same expression of the templates."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.merge import elsewhere, sequences, spread
from mcpforge.merge.arguments import (
    callee_of,
    entries,
    item_of,
    limits_of,
    parameter_items,
    position,
    same_entry,
    short,
    value_of,
)
from mcpforge.merge.brackets import Layout, edit_group, in_rows
from mcpforge.merge.edits import Clash, Edit, indentation, line_end, line_start
from mcpforge.merge.sequences import Change, Insert, Missing
from mcpforge.merge.source import said, same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcpforge.merge.arguments import Entry
    from mcpforge.merge.brackets import Group
    from mcpforge.merge.source import Source

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_CONTAINERS = (ast.List, ast.Set, ast.Tuple, ast.Dict)


class Expressions:
    """Merges expressions of three sources; what it finds to do is kept as edits of ours."""

    def __init__(self, base: Source, ours: Source, theirs: Source) -> None:
        """Begin with no edits."""
        self.base = base
        self.ours = ours
        self.theirs = theirs
        self.edits: list[Edit] = []
        self.unit = ours.unit()

    def merge(self, base: ast.AST | None, ours: ast.AST, theirs: ast.AST) -> None:
        """Bring what changed into ours; raises `Clash` where both sides changed the same."""
        if same(ours, theirs) or (base is not None and same(base, theirs)):
            return
        mark = len(self.edits)
        try:
            self._inside(base, ours, theirs)
        except Clash as clash:
            if base is None or not same(base, ours):
                raise
            del self.edits[mark:]
            try:
                self.replace(base, ours, theirs)
            except Clash:
                raise clash from None

    def replace(self, base: ast.AST, ours: ast.AST, theirs: ast.AST) -> None:
        """Put theirs where ours stands; raises `Clash` where comments of the user's would go."""
        start, end = self.ours.outer(ours)
        known = self.base.comments(*self.base.outer(base))
        if set(self.ours.comments(start, end)) - set(known):
            raise Clash("it changes, and holds comments of yours")
        text = self.theirs.piece(*self.theirs.outer(theirs), self.unit)
        indent = indentation(self.ours.text, start)
        self.edits.append(Edit(start, end, text.replace("\n", f"\n{indent}")))

    def _inside(self, base: ast.AST | None, ours: ast.AST, theirs: ast.AST) -> None:
        sample = theirs if base is None else base
        if type(sample) is not type(theirs):
            raise Clash("both sides changed it")
        found = self._counterpart(sample, ours)
        if found is not ours:
            self.merge(base, found, theirs)
        elif isinstance(theirs, ast.Call):
            self._call(base, ours, theirs)
        elif isinstance(theirs, _CONTAINERS):
            self._entries(base, ours, theirs)
        elif base is not None:
            self.fields(base, ours, theirs)
        else:
            raise Clash("both sides added it differently")

    def _counterpart(self, sample: ast.AST, ours: ast.AST) -> ast.AST:
        """Return the user's node of that kind: this one, what its name stands for, or one in it."""
        tree = self.ours.tree
        if isinstance(ours, ast.Name) and not isinstance(sample, ast.Name):
            value = elsewhere.bound_to(tree, ours.id)
            if value is not None:
                return value
        if elsewhere.matches(ours, sample):
            return ours
        helper = elsewhere.helper_of(tree, ours)
        found = elsewhere.inside(ours, sample) or (helper and elsewhere.inside(helper, sample))
        if found is None and helper is None and type(ours) is type(sample):
            return ours
        found = found or elsewhere.value_elsewhere(tree, sample)
        if found is None:
            raise Clash("you wrote it in another form")
        return found

    def fields(self, base: ast.AST, ours: ast.AST, theirs: ast.AST) -> None:
        """Merge what two nodes of one type are made of."""
        for name in base._fields:
            old, mine, new = (getattr(node, name, None) for node in (base, ours, theirs))
            if isinstance(old, ast.AST) and isinstance(mine, ast.AST) and isinstance(new, ast.AST):
                self.merge(old, mine, new)
            elif isinstance(old, list) and isinstance(mine, list) and isinstance(new, list):
                self._lists(old, mine, new)
            elif not _equal(old, new) and not _equal(mine, new):
                raise Clash("both sides changed it")

    def _lists(self, old: list[ast.AST], mine: list[ast.AST], new: list[ast.AST]) -> None:
        if _equal(old, new):
            return
        parts = zip(old, mine, new, strict=False)
        nodes = [part for part in parts if all(isinstance(node, ast.AST) for node in part)]
        if not len(old) == len(mine) == len(new) == len(nodes):
            raise Clash("both sides changed it")
        for base, ours, theirs in nodes:
            self.merge(base, ours, theirs)

    def _call(self, base: ast.AST | None, ours: ast.AST, theirs: ast.Call) -> None:
        function = callee_of(ours)
        if base is None:
            if not same(function, theirs.func):
                raise Clash("both sides added it differently")
        elif function is not None:
            self.merge(callee_of(base), function, theirs.func)
        self._entries(base, ours, theirs)

    def _entries(self, base: ast.AST | None, ours: ast.AST, theirs: ast.AST) -> None:
        mine, new = self.ours.group(ours), self.theirs.group(theirs)
        old = None if base is None else self.base.group(base)
        if mine is None or new is None or (base is not None and old is None):
            raise Clash("it has no brackets")
        mine_entries, new_entries = entries(ours), entries(theirs)
        old_entries = entries(base) if base is not None else []
        if len(mine.items) != len(mine_entries) or len(new.items) != len(new_entries):
            raise Clash("it is written in another form")
        call = isinstance(theirs, ast.Call)

        def changed(step: Change) -> bool:
            before = old_entries[step.base] if step.base is not None else None
            after = new_entries[step.theirs] if step.theirs is not None else None
            return self._entry(before, mine_entries[step.ours], after)

        olds, mines, news = (
            [item_of(entry, call=call) for entry in each]
            for each in (old_entries, mine_entries, new_entries)
        )
        steps = sequences.plan(olds, mines, news)
        if call:
            absent = [old_entries[index] for index in sequences.gone(olds, mines, news)]
            steps = spread.merge(self, ours, (old_entries, new_entries), (steps, absent))
        limits = limits_of(mine_entries) if call else None
        self._steps(steps, (mine, new), changed, limits)
        count = len(mine_entries) + sum(isinstance(step, Insert) for step in steps)
        if isinstance(ours, ast.Tuple) and count < 2:  # noqa: PLR2004
            raise Clash("a tuple of one entry is written in another form")

    def _steps(
        self,
        steps: Sequence[sequences.Step],
        groups: tuple[Group, Group],
        changed: Callable[[Change], bool],
        limits: tuple[int, int] | None,
    ) -> None:
        mine, new = groups
        removed: set[int] = set()
        inserted: list[tuple[int, str]] = []
        for step in steps:
            if isinstance(step, Missing):
                raise Clash("a part of it changes that you took out")
            if isinstance(step, Change):
                if changed(step):
                    self.check_comments(mine, step.ours)
                    removed.add(step.ours)
                continue
            text = self.theirs.piece(*new.items[step.theirs], self.unit)
            at = position(step.at, text, len(mine.items), limits)
            inserted.append((at, text))
        layout = Layout(rows=new.in_rows(self.theirs.text), unit=self.unit)
        if removed or inserted:
            changes = edit_group(self.ours.text, mine, removed, inserted, layout)
            if self._too_long(mine, changes):
                nested = [edit for edit in self.edits if mine.open < edit.start <= mine.close]
                self.edits = [edit for edit in self.edits if edit not in nested]
                changes = [in_rows(self.ours.text, mine, removed, inserted, nested, self.unit)]
            self.edits += changes

    def _too_long(self, group: Group, changes: Sequence[Edit]) -> bool:
        """Say whether brackets on one line grow over the end of the lines that the user has."""
        text = self.ours.text
        line = text[line_start(text, group.open) : line_end(text, group.open)]
        nested = [edit for edit in self.edits if group.open < edit.start <= group.close]
        grown = sum(len(edit.text) + edit.start - edit.end for edit in (*changes, *nested))
        single = "\n" not in text[group.open : group.close]
        return single and len(line) + grown > self.ours.limit

    def check_comments(self, group: Group, index: int) -> None:
        """Raise `Clash` where an entry that is to go has a comment of the user's."""
        start, end = group.items[index]
        stop = self.ours.text.find("\n", end)
        known = self.base.comments(0, len(self.base.text))
        if set(self.ours.comments(start, max(stop, end))) - set(known):
            raise Clash(
                f"`{short(self.ours.text[start:end])}` is to go, and has a comment of yours"
            )

    def _entry(self, base: Entry | None, ours: Entry, theirs: Entry | None) -> bool:
        """Merge one entry; say whether it is to go."""
        if theirs is None:
            if base is None or len(base) != len(ours):
                raise Clash("both sides changed it")
            return same_entry(base, ours) or self._emptied(value_of(base), value_of(ours))
        if base is None and len(ours) == 1 and not isinstance(ours[0], ast.keyword):
            self.merge(None, ours[0], theirs[0])
        else:
            self.merge(None if base is None else value_of(base), value_of(ours), value_of(theirs))
        return False

    def _emptied(self, base: ast.AST, ours: ast.AST) -> bool:
        """Take what the templates had out of a display of the user's; say whether nothing stays."""
        found = self._counterpart(base, ours) if isinstance(base, _CONTAINERS) else ours
        if found is not ours:
            if self._emptied(base, found):
                group = self.ours.group(found)
                removed = set(range(len(group.items))) if group else set()
                if group:
                    self.edits += edit_group(self.ours.text, group, removed, [], Layout())
            return False
        if not isinstance(base, _CONTAINERS) or type(base) is not type(ours):
            raise Clash("it is to go, and you changed it")
        group = self.ours.group(ours)
        if group is None:
            raise Clash("it has no brackets")
        mine = [item_of(entry, call=False) for entry in entries(ours)]
        old = [item_of(entry, call=False) for entry in entries(base)]
        pairs = sequences.pair(old, mine)
        if any(old[b].meaning != mine[o].meaning for b, o in pairs.items()):
            raise Clash("an entry of it is to go, and you changed it")
        removed = set(pairs.values())
        if len(removed) == len(mine):
            return True
        self.edits += edit_group(self.ours.text, group, removed, [], Layout(unit=self.unit))
        return False

    def parameters(self, base: _Function, ours: _Function, theirs: _Function) -> None:
        """Merge the parameters of a function."""
        if same(base.args, theirs.args) or same(ours.args, theirs.args):
            return
        old, mine, new = self.base.group(base), self.ours.group(ours), self.theirs.group(theirs)
        if old is None or mine is None or new is None:
            raise Clash("its parameters can't be found")

        def changed(step: Change) -> bool:
            if step.theirs is None or step.base is None:
                return step.base is not None
            if olds[step.base].meaning != mines[step.ours].meaning:
                raise Clash("both sides changed a parameter")
            text = self.theirs.piece(*new.items[step.theirs], self.unit)
            self.edits.append(Edit(*mine.items[step.ours], text))
            return False

        olds = parameter_items(self.base, old)
        mines = parameter_items(self.ours, mine)
        news = parameter_items(self.theirs, new)
        self._steps(sequences.plan(olds, mines, news), (mine, new), changed, None)


def _equal(one: object, two: object) -> bool:
    return said(one) == said(two)

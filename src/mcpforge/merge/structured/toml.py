"""TOML by key, requirements by package name; comments and layout stay."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mcpforge.merge import edits, sequences
from mcpforge.merge.brackets import Layout, edit_group
from mcpforge.merge.edits import Clash, Edit, comment_block, line_end, line_start
from mcpforge.merge.sequences import Change, Insert, Item
from mcpforge.merge.structured import requirements
from mcpforge.merge.structured.tomlsource import TomlSource, leaves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.merge.brackets import Group
    from mcpforge.merge.structured.tomlsource import Path, Table


def merge(base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
    """Return the user's text with what changed, and advice; raises `Clash` for a conflict."""
    work = _Merge(TomlSource(base), TomlSource(ours), TomlSource(theirs))
    work.run()
    return edits.apply(ours, work.edits), work.advisories


class _Merge:
    def __init__(self, base: TomlSource, ours: TomlSource, theirs: TomlSource) -> None:
        self.base, self.ours, self.theirs = base, ours, theirs
        self.edits: list[Edit] = []
        self.advisories: list[str] = []
        self.gone: set[Path] = set()
        self.unit = _unit(ours.text)

    def run(self) -> None:
        old, mine, new = (leaves(s.data) for s in (self.base, self.ours, self.theirs))
        fresh = self._fresh_tables(mine)
        for path in [*new, *(path for path in old if path not in new)]:
            if old.get(path) == new.get(path) or mine.get(path) == new.get(path):
                continue
            if path not in new:
                self._remove(path, old[path], mine)
            elif path in mine:
                self._change(path, old.get(path), mine[path], new[path])
            elif path in old:
                raise Clash(f"`{'.'.join(path)}` changes, and you took it out")
            elif not any(path[: len(table)] == table for table in fresh):
                self._add(path)
        self._drop_tables()

    def _fresh_tables(self, mine: dict[Path, Any]) -> list[Path]:
        """Put in whole tables that only theirs has; return their paths."""
        known = {table.path for source in (self.base, self.ours) for table in source.tables}
        fresh = []
        previous: Path = ()
        for table in self.theirs.tables:
            within = any(path[: len(table.path)] == table.path for path in mine)
            if table.path not in known and not within:
                self._block(table, previous)
                fresh.append(table.path)
            elif table.path in {each.path for each in self.ours.tables}:
                previous = table.path
        return fresh

    def _block(self, table: Table, previous: Path) -> None:
        text = self.theirs.text
        start = comment_block(text, table.start, 0)
        block = text[start : line_end(text, table.end)]
        before = [each for each in self.ours.tables if each.path == previous]
        end = line_end(self.ours.text, before[-1].end) if before else len(self.ours.text)
        self.edits.append(Edit(end, end, f"\n\n{block}"))

    def _add(self, path: Path) -> None:
        entry = self.theirs.find(path)
        owner = next((t for t in self.theirs.tables if entry in t.entries), None)
        if entry is None or owner is None:
            self._add_inside(path)
            return
        table = self.ours.table(owner.path)
        text = self.theirs.text
        if table is None:
            key = text[entry.start : entry.value].split("=")[0].strip()
            self._into_group(owner.path, f"{key} = {text[entry.value : entry.end]}")
            return
        top = comment_block(text, entry.start, owner.header_end)
        lines = text[top : line_end(text, entry.end)]
        index = owner.entries.index(entry)
        earlier = [each.path for each in owner.entries[:index]]
        anchors = [each for each in table.entries if each.path in earlier]
        end = line_end(self.ours.text, anchors[-1].end if anchors else table.header_end)
        if not table.path and not anchors:
            self.edits.append(Edit(0, 0, f"{lines}\n"))
        else:
            self.edits.append(Edit(end, end, f"\n{lines}"))

    def _add_inside(self, path: Path) -> None:
        """Add a key of an inline table."""
        entry = self.theirs.find(path[:-1])
        group = self.theirs.group(entry.value) if entry else None
        if group is None:
            raise Clash(f"the place of `{'.'.join(path)}` can't be found")
        for start, end in group.items:
            item = self.theirs.text[start:end]
            if item.split("=")[0].strip().strip("\"'") == path[-1]:
                self._into_group(path[:-1], item)
                return
        raise Clash(f"the place of `{'.'.join(path)}` can't be found")

    def _into_group(self, path: Path, item: str) -> None:
        entry = self.ours.find(path)
        group = self.ours.group(entry.value) if entry else None
        table = self.ours.table(path)
        if group is not None:
            layout = Layout(rows=False, trailing=False)
            at = len(group.items)
            self.edits += edit_group(self.ours.text, group, set(), [(at, item)], layout)
        elif table is not None:
            end = line_end(self.ours.text, table.end)
            self.edits.append(Edit(end, end, f"\n{item}"))
        else:
            raise Clash(f"your file has no table `{'.'.join(path)}`")

    def _change(self, path: Path, old: Any, mine: Any, new: Any) -> None:
        entry, other = self.ours.find(path), self.theirs.find(path)
        if entry is None or other is None:
            raise Clash(f"`{'.'.join(path)}` is written in another form")
        if isinstance(mine, list) and isinstance(new, list):
            groups = self.ours.group(entry.value), self.theirs.group(other.value)
            before = old if isinstance(old, list) else []
            self._array(path, (before, mine, new), groups)
        elif mine == old:
            text = self.theirs.text[other.value : other.end]
            self.edits.append(Edit(entry.value, entry.end, text))
        else:
            raise Clash(f"`{'.'.join(path)}` was changed by you and by the templates")

    def _array(
        self,
        path: Path,
        values: tuple[list[Any], list[Any], list[Any]],
        groups: tuple[Group | None, Group | None],
    ) -> None:
        mine, new = groups
        named = any("depend" in part for part in path)
        olds, mines, news = ([_item(value, named=named) for value in each] for each in values)
        if mine is None or new is None or len(mine.items) != len(mines):
            raise Clash(f"`{'.'.join(path)}` is written in another form")
        removed: set[int] = set()
        inserted: list[tuple[int, str]] = []
        for step in sequences.plan(olds, mines, news):
            match step:
                case Insert(at=at, theirs=index):
                    text = self.theirs.text[slice(*new.items[index])]
                    quoted = _quoted_like(text, self.ours.text, mine)
                    inserted.append((_sorted_place(mines, news[index], at), quoted))
                case Change(base=before, ours=own, theirs=index):
                    b = None if before is None else values[0][before]
                    t = None if index is None else values[2][index]
                    if self._requirement(mine.items[own], b, values[1][own], t):
                        removed.add(own)
                case _:
                    raise Clash(f"an entry of `{'.'.join(path)}` changes that you took out")
        self._no_comments(mine, removed)
        rows = new.in_rows(self.theirs.text)
        layout = Layout(rows=rows, unit=self.unit)
        if removed or inserted:
            self.edits += edit_group(self.ours.text, mine, removed, inserted, layout)

    def _requirement(self, span: tuple[int, int], old: Any, mine: Any, new: Any) -> bool:
        """Bring what changed to one entry; say whether it is to go."""
        if not isinstance(mine, str):
            raise Clash("both sides changed an entry")
        if new is None:
            if _plain(mine) != _plain(old):
                self.advisories.append(
                    f"`{mine}` is no longer needed here; it stays, as you edited it"
                )
                return False
            return True
        quote = self.ours.text[span[0]]
        if old is not None and _plain(old) == _plain(mine):
            self.edits.append(Edit(*span, f"{quote}{new}{quote}"))
            return False
        if not requirements.name(mine):
            raise Clash(f"`{mine}` was changed by you and by the templates")
        if requirements.excludes(mine, new):
            raise Clash(f"`{mine}` leaves out what is needed: `{new}`")
        wider = requirements.with_extras(mine, requirements.extras(new))
        if wider != mine:
            self.edits.append(Edit(*span, f"{quote}{wider}{quote}"))
        return False

    def _no_comments(self, group: Group, removed: set[int]) -> None:
        text = self.ours.text
        for index in removed:
            line = text[group.items[index][1] : line_end(text, group.items[index][1])]
            if "#" in line and line.strip(" ,") not in self.base.text:
                shown = text[slice(*group.items[index])]
                raise Clash(f"`{shown}` is to go, and has a comment of yours")

    def _remove(self, path: Path, old: Any, mine: dict[Path, Any]) -> None:
        if path not in mine:
            return
        entry = self.ours.find(path)
        if entry is None:
            raise Clash(f"`{'.'.join(path)}` is to go, and is written in another form")
        if mine[path] != old:
            raise Clash(f"`{'.'.join(path)}` is to go, and you changed it")
        text = self.ours.text
        end = line_end(text, entry.end)
        if text[entry.end : end].strip():
            raise Clash(f"`{'.'.join(path)}` is to go, and has a comment of yours")
        start = entry.start
        top = comment_block(text, start, 0)
        if text[top:start] and text[top:start] in self.base.text:
            start = top
        self.gone.add(path)
        self.edits.append(Edit(start, min(end + 1, len(text)), ""))

    def _drop_tables(self) -> None:
        """Take out the headers of tables that theirs lost, where nothing of the user's is left."""
        kept = {table.path for table in self.theirs.tables}
        known = {table.path for table in self.base.tables}
        text = self.ours.text
        for table in self.ours.tables:
            if table.path in kept or table.path not in known:
                continue
            if all(entry.path in self.gone for entry in table.entries):
                start = line_start(text, table.start)
                top = comment_block(text, start, 0)
                start = top if text[top:start] in self.base.text else start
                blank = start - len(text[:start].rstrip("\n")) - 1
                start -= max(blank, 0)
                self.edits.append(Edit(start, min(table.header_end + 1, len(text)), ""))


def _item(value: Any, *, named: bool) -> Item:
    if not isinstance(value, str):
        return Item(repr(value))
    name = requirements.name(value) if named else ""
    return Item(_plain(value), f"requirement {name}" if name else "")


def _plain(value: Any) -> str:
    return "".join(value.split()) if isinstance(value, str) else repr(value)


def _sorted_place(mines: Sequence[Item], new: Item, at: int | None) -> int:
    """Return where a new entry goes: its sorted place, else beside its neighbours, else last."""
    keys = [(item.identity or item.meaning).lower() for item in mines]
    key = (new.identity or new.meaning).lower()
    if len(keys) > 1 and all(one <= two for one, two in pairwise(keys)):
        return sum(each < key for each in keys)
    return len(keys) if at is None else at


def _quoted_like(item: str, text: str, group: Group) -> str:
    """Return a string in the quotes that the user's entries have."""
    quotes = {text[start] for start, _ in group.items}
    if quotes == {"'"} and item.startswith('"') and not set(item[1:-1]) & {"'", "\\", '"'}:
        return f"'{item[1:-1]}'"
    return item


def _unit(text: str) -> str:
    for line in text.split("\n"):
        if line.startswith((" ", "\t")) and line.strip():
            return line[: len(line) - len(line.lstrip())]
    return "    "

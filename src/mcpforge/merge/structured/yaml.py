"""YAML by key; sequences by what their entries are; comments and layout stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcpforge.merge import edits, sequences
from mcpforge.merge.edits import Clash, Edit, comment_block, line_end, line_start
from mcpforge.merge.sequences import Change, Insert, Item, Missing

_NAMES = ("name", "id", "repo", "package-ecosystem", "uses", "run", "image")


def check_keys(text: str) -> None:
    """Raise `ValueError` for a key that stands twice in one mapping."""
    import yaml

    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        _check(document)


def _check(node: Any) -> None:
    if node is None or node.id == "scalar":
        return
    if node.id == "mapping":
        keys = [key.value for key, _ in node.value if key.id == "scalar"]
        if len(keys) != len(set(keys)):
            raise ValueError
        for _, value in node.value:
            _check(value)
    else:
        for item in node.value:
            _check(item)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One key or list entry: the lines from its key or dash on, and the node of its value."""

    item: Item
    start: int
    end: int
    value: Any


def merge(base: str, ours: str, theirs: str) -> str:
    """Return the user's text with what changed; raises `Clash` for a conflict."""
    import yaml

    try:
        roots = [yaml.compose(text, Loader=yaml.SafeLoader) for text in (base, ours, theirs)]
    except yaml.YAMLError:
        raise Clash("your file can't be read as one YAML document") from None
    work = _Merge(base, ours, theirs)
    work.nodes(roots[0], roots[1], roots[2])
    return edits.apply(ours, work.edits)


class _Merge:
    def __init__(self, base: str, ours: str, theirs: str) -> None:
        self.base, self.ours, self.theirs = base, ours, theirs
        self.edits: list[Edit] = []

    def nodes(self, old: Any, mine: Any, new: Any) -> None:
        if _meaning(old) == _meaning(new) or _meaning(mine) == _meaning(new):
            return
        kinds = {node.id for node in (old, mine, new)}
        flow = any(getattr(node, "flow_style", False) for node in (old, mine, new))
        if len(kinds) == 1 and "scalar" not in kinds and not flow:
            self._entries(
                _entries(self.base, old), _entries(self.ours, mine), _entries(self.theirs, new)
            )
        elif _meaning(old) == _meaning(mine):
            start, end = mine.start_mark.index, mine.end_mark.index
            text = self.theirs[new.start_mark.index : new.end_mark.index]
            if "\n" in text.rstrip() or "\n" in self.ours[start:end].rstrip():
                raise Clash(f"`{_short(self.ours[start:end])}` is written in another form")
            self.edits.append(Edit(start, end, text))
        else:
            raise Clash(f"`{_short(self.ours[mine.start_mark.index :])}` was changed by both sides")

    def _entries(self, old: list[_Entry], mine: list[_Entry], new: list[_Entry]) -> None:
        items = [[entry.item for entry in entries] for entries in (old, mine, new)]
        for step in sequences.plan(*items):
            match step:
                case Insert(at=at, theirs=index):
                    self._insert(mine, new[index], at)
                case Missing(base=b):
                    raise Clash(f"`{old[b].item.identity}` changes, and you took it out")
                case Change(base=b, ours=o, theirs=None) if b is not None:
                    self._remove(old[b], mine[o])
                case Change(base=b, ours=o, theirs=t) if b is not None and t is not None:
                    self.nodes(old[b].value, mine[o].value, new[t].value)
                case Change(ours=o):
                    raise Clash(f"`{mine[o].item.identity}` was added by both sides")

    def _insert(self, mine: list[_Entry], new: _Entry, at: int | None) -> None:
        if not mine:
            raise Clash(f"the place of `{new.item.identity}` can't be found")
        at = len(mine) if at is None else at
        depth = _column(self.ours, mine[0].start) - _column(self.theirs, new.start)
        top = comment_block(self.theirs, line_start(self.theirs, new.start), 0)
        lines = self.theirs[top : new.end].rstrip("\n").split("\n")
        shifted = [_shifted(line, depth) for line in lines]
        if at < len(mine):
            start = line_start(self.ours, mine[at].start)
            stop = mine[at - 1].end if at else start
            place = comment_block(self.ours, start, min(stop, start))
            self._alone(mine[at].start)
            gap = "\n" * (len(self.theirs[new.end :]) - len(self.theirs[new.end :].lstrip("\n")))
            block = "".join(f"{line}\n" for line in shifted)
            self.edits.append(Edit(place, place, block + gap))
        else:
            place = len(self.ours[: mine[-1].end].rstrip("\n"))
            above = self.theirs[:top]
            gap = "\n" * max(len(above) - len(above.rstrip("\n")) - 1, 0)
            block = "".join(f"\n{line}" for line in shifted)
            self.edits.append(Edit(place, place, gap + block))

    def _alone(self, start: int) -> None:
        if self.ours[line_start(self.ours, start) : start].strip():
            raise Clash(f"`{_short(self.ours[start:])}` shares its line")

    def _remove(self, old: _Entry, mine: _Entry) -> None:
        if old.item.meaning != mine.item.meaning:
            raise Clash(f"`{mine.item.identity}` is to go, and you changed it")
        self._alone(mine.start)
        start = line_start(self.ours, mine.start)
        text = self.ours[start : mine.end]
        for line in text.split("\n"):
            if "#" in line and line.strip() not in self.base:
                raise Clash(f"`{mine.item.identity}` is to go, and has a comment of yours")
        top = comment_block(self.ours, start, 0)
        start = top if self.ours[top:start] in self.base else start
        self.edits.append(Edit(start, mine.end, ""))


def _entries(text: str, node: Any) -> list[_Entry]:
    """Return the entries of a block mapping or sequence with the lines they own."""
    if node.id == "mapping":
        marks = [(key.start_mark.index, key.value, value) for key, value in node.value]
    else:
        marks = [
            (text.rfind("-", 0, value.start_mark.index), _name(value), value)
            for value in node.value
        ]
    found = []
    for start, name, value in marks:
        last = _last(value)
        end = line_end(text, max(len(text[:last].rstrip()), start)) + 1
        item = Item(f"{name}: {_meaning(value)}", name)
        found.append(_Entry(item, start, min(end, len(text)), value))
    return found


def _last(node: Any) -> int:
    """Return where a node's own text ends; marks of blocks end at the next token."""
    if node.id == "mapping" and node.value and not node.flow_style:
        return _last(node.value[-1][1])
    if node.id == "sequence" and node.value and not node.flow_style:
        return _last(node.value[-1])
    return int(node.end_mark.index)


def _name(node: Any) -> str:
    if node.id == "mapping":
        values = {key.value: value for key, value in node.value if key.id == "scalar"}
        for name in _NAMES:
            if name in values and values[name].id == "scalar":
                return f"{name}: {values[name].value}"
    return ""


def _meaning(node: Any) -> str:
    if node is None:
        return ""
    if node.id == "mapping":
        pairs = sorted(f"{_meaning(key)}: {_meaning(value)}" for key, value in node.value)
        return f"{{{', '.join(pairs)}}}"
    if node.id == "sequence":
        return f"[{', '.join(map(_meaning, node.value))}]"
    return f"{node.tag} {node.value!r}"


def _column(text: str, offset: int) -> int:
    return offset - line_start(text, offset)


def _shifted(line: str, depth: int) -> str:
    if not line.strip():
        return line
    return " " * depth + line if depth >= 0 else line.removeprefix(" " * -depth)


def _short(text: str) -> str:
    return text.strip().split("\n", 1)[0][:60]

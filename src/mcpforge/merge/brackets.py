"""Entries between brackets, comma after comma: put in and taken out in the user's own layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge.merge.edits import Edit, apply, comment_block, indentation, line_end, line_start

if TYPE_CHECKING:
    from collections.abc import Sequence

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Group:
    """The offsets of an opening and a closing bracket, and of what stands between, in order."""

    open: int
    close: int
    items: tuple[Span, ...]
    marker: str = "#"

    def in_rows(self, text: str) -> bool:
        """Say whether each entry begins a line of its own."""
        return bool(self.items) and all(_begins_line(text, start) for start, _ in self.items)


@dataclass(frozen=True, slots=True)
class Layout:
    """How an empty pair of brackets is filled, and whether the last entry may have a comma."""

    rows: bool = True
    unit: str = "    "
    trailing: bool = True


def edit_group(
    text: str,
    group: Group,
    removed: set[int],
    inserted: Sequence[tuple[int, str]],
    layout: Layout,
) -> list[Edit]:
    """Return the edits that take entries out and put new ones in before an index.

    A new entry's further lines are indented as if its first began at column 0.
    """
    kept = [index for index in range(len(group.items)) if index not in removed]
    if not kept:
        return _refill(text, group, [item for _, item in inserted], layout)
    last = kept[-1]
    placed = [(index if index <= last else last + 1, item) for index, item in inserted]
    rows = group.in_rows(text)
    grows = any(index > last for index, _ in placed)
    edits = _removals(text, group, removed, rows=rows, grows=grows)
    for index in sorted({index for index, _ in placed}):
        items = [item for at, item in placed if at == index]
        if index > last:
            edits += _append(text, group, last, items, layout, rows=rows)
        elif rows:
            edits.append(_rows_before(text, group, index, items))
        else:
            indent = indentation(text, group.items[index][0])
            new = "".join(f"{_shifted(item, indent)}, " for item in items)
            edits.append(Edit(group.items[index][0], group.items[index][0], new))
    return edits


def in_rows(
    text: str,
    group: Group,
    removed: set[int],
    inserted: Sequence[tuple[int, str]],
    nested: Sequence[Edit],
    unit: str,
) -> Edit:
    """Return the edit that gives every entry of one line, old and new, a line of its own."""
    indent = indentation(text, group.open)
    rows = []
    for index in range(len(group.items) + 1):
        rows += [item for at, item in inserted if at == index]
        if index < len(group.items) and index not in removed:
            start, end = group.items[index]
            inside = [
                Edit(edit.start - start, edit.end - start, edit.text.replace(f"\n{indent}", "\n"))
                for edit in nested
                if start <= edit.start and edit.end <= end
            ]
            rows.append(apply(text[start:end], inside))
    body = "".join(f"{indent}{unit}{_shifted(row, indent + unit)},\n" for row in rows)
    return Edit(group.open + 1, group.close, f"\n{body}{indent}")


def _begins_line(text: str, offset: int) -> bool:
    return not text[line_start(text, offset) : offset].strip()


def _shifted(item: str, indent: str) -> str:
    return item.replace("\n", f"\n{indent}")


def comma_after(text: str, group: Group, index: int) -> int:
    """Return the offset behind the comma of an entry, or of the entry where it has none."""
    at = end = group.items[index][1]
    limit = group.items[index + 1][0] if index + 1 < len(group.items) else group.close
    while at < limit:
        if text[at] == ",":
            return at + 1
        at = line_end(text, at) if text.startswith(group.marker, at) else at + 1
    return end


def _rows_before(text: str, group: Group, index: int, items: Sequence[str]) -> Edit:
    start = line_start(text, group.items[index][0])
    previous = group.items[index - 1][1] if index else group.open
    at = comment_block(text, start, line_end(text, previous) + 1, group.marker)
    indent = indentation(text, group.items[index][0])
    return Edit(at, at, "".join(f"{indent}{_shifted(item, indent)},\n" for item in items))


def _append(
    text: str, group: Group, last: int, items: Sequence[str], layout: Layout, *, rows: bool
) -> list[Edit]:
    end = group.items[last][1]
    after = comma_after(text, group, last)
    has_comma = after > end
    ends = comma_after(text, group, len(group.items) - 1) > group.items[-1][1]
    indent = indentation(text, group.items[last][0])
    shifted = [_shifted(item, indent) for item in items]
    if not rows:
        return [Edit(end, end, "".join(f", {item}" for item in shifted))]
    edits = [] if has_comma else [Edit(end, end, ",")]
    close = "," if ends and layout.trailing else ""
    stop = line_end(text, after)
    new = f",\n{indent}".join(shifted) + close
    if stop > group.close:
        return [*edits, Edit(after, after, f"\n{indent}{new}")]
    return [*edits, Edit(stop, stop, f"\n{indent}{new}")]


def _refill(text: str, group: Group, items: Sequence[str], layout: Layout) -> list[Edit]:
    """Fill brackets whose entries all go, keeping the comments between them."""
    indent = indentation(text, group.open)
    inner = indent + layout.unit
    edits = []
    for index, (start, end) in enumerate(group.items):
        stop = comma_after(text, group, index)
        whole = _begins_line(text, start) and not text[stop : line_end(text, stop)].strip()
        if whole:
            edits.append(Edit(line_start(text, start), line_end(text, stop) + 1, ""))
        else:
            edits.append(Edit(start, max(stop, end), ""))
    if group.marker not in _between(text, group):
        return [Edit(group.open + 1, group.close, _filled(items, inner, indent, layout))]
    if items:
        at = line_start(text, group.close)
        rows = "".join(f"{inner}{_shifted(item, inner)},\n" for item in items)
        edits.append(Edit(at, at, rows))
    return edits


def _between(text: str, group: Group) -> str:
    """Return what stands between the brackets outside the entries."""
    starts = [group.open + 1, *(end for _, end in group.items)]
    ends = [*(start for start, _ in group.items), group.close]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))


def _filled(items: Sequence[str], inner: str, indent: str, layout: Layout) -> str:
    if not items:
        return ""
    if layout.rows:
        body = f",\n{inner}".join(_shifted(item, inner) for item in items)
        return f"\n{inner}{body}{',' if layout.trailing else ''}\n{indent}"
    return ", ".join(_shifted(item, indent) for item in items)


def _removals(text: str, group: Group, removed: set[int], *, rows: bool, grows: bool) -> list[Edit]:
    edits = []
    index = 0
    while index < len(group.items):
        if index not in removed:
            index += 1
            continue
        first = index
        while index in removed:
            index += 1
        edits += _removal(text, group, (first, index - 1), rows=rows, grows=grows)
    return edits


def _removal(
    text: str, group: Group, run: tuple[int, int], *, rows: bool, grows: bool
) -> list[Edit]:
    """Take a run of neighbours out, never a comment with it."""
    first, last = run
    final = last + 1 == len(group.items)
    loses_comma = final and first and comma_after(text, group, last) == group.items[last][1]
    if rows:
        edits = [_row_removal(text, group, index) for index in range(first, last + 1)]
        if loses_comma and not grows:
            end = group.items[first - 1][1]
            edits.append(Edit(end, comma_after(text, group, first - 1), ""))
        return edits
    if final and first:
        start, end = group.items[first - 1][1], group.items[last][1]
    elif final:
        start, end = group.items[first][0], comma_after(text, group, last)
    else:
        start, end = group.items[first][0], group.items[last + 1][0]
    return [Edit(start, end, "")]


def _row_removal(text: str, group: Group, index: int) -> Edit:
    start, end = group.items[index]
    stop = max(comma_after(text, group, index), end)
    rest = text[stop : line_end(text, stop)]
    if rest.strip():
        return Edit(start, stop + len(rest) - len(rest.lstrip()), "")
    return Edit(line_start(text, start), min(line_end(text, stop) + 1, len(text)), "")

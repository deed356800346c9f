"""Python imports as a set: what base → theirs adds or takes away is done to the user's own."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from mcpforge import pysource
from mcpforge.merge.brackets import Group, Layout, edit_group
from mcpforge.merge.edits import Clash, Edit, apply, comment_block, line_end, line_start
from mcpforge.merge.lines import chosen, clean, merge_lines
from mcpforge.merge.source import Source
from mcpforge.merge.structured.imports import find, is_pure, region_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpforge.merge.structured.imports import Found, Name

Statement = tuple[tuple[object, ...], str]
"""What an import statement is sorted by, and its text."""


def merge_imports(path: str, base: Source, ours: str, theirs: Source) -> str:
    """Return the user's text with the imports that came, and without those that went.

    Additions go first, so that a section or an `if TYPE_CHECKING:` never stands empty in between.
    Raises `Clash` where one would lose something.
    """
    old, new = find(base.tree, path), find(theirs.tree, path)
    before = {name for found in old for name in found.names}
    after = {name for found in new for name in found.names}
    if before == after:
        return ours
    mine = Source(ours)
    mine = Source(apply(ours, _additions(path, mine, new, after - before)))
    return apply(mine.text, _removals(path, mine, base, before - after))


def _additions(path: str, ours: Source, new: Sequence[Found], added: set[Name]) -> list[Edit]:
    mine = find(ours.tree, path)
    added = added - {name for found in mine for name in found.names}
    package = path.split("/")[1] if path.count("/") > 1 else ""
    absolute = _absolute(mine, package)
    edits = []
    fresh: dict[str, list[tuple[Found, Statement]]] = {}
    for found in new:
        names = [name for name in found.names if name in added]
        if not names:
            continue
        texts = sorted((_spelled(name) for name in names), key=pysource.member_place)
        own = _own_statement(mine, names[0])
        if own:
            edits += _joined(ours, own, texts)
        else:
            statement = _statement(found, texts, package, absolute=absolute)
            fresh.setdefault(found.scope, []).append((found, statement))
    for scope, statements in fresh.items():
        block = [own for own in mine if own.scope == scope]
        order = [each.names[0].module for each in new if each.scope == scope]
        if block:
            edits += _placed(ours, block, order, statements, package)
        else:
            edits.append(_first(ours, statements))
    return edits


def _removals(path: str, ours: Source, base: Source, gone: set[Name]) -> list[Edit]:
    """Return what takes names out; statements that follow each other go as one."""
    edits: list[Edit] = []
    for found in find(ours.tree, path):
        if not gone & set(found.names):
            continue
        for edit in _taken_out(ours, base, found, gone):
            follows = edits and edits[-1].end == edit.start and not (edits[-1].text or edit.text)
            edits.append(Edit(edits.pop().start, edit.end, "") if follows else edit)
    return [_with_empty_line(ours.text, edit) for edit in edits]


def _with_empty_line(text: str, edit: Edit) -> Edit:
    """Return the edit, with the empty line below where it takes a section of imports out."""
    lines = not edit.text and edit.start == line_start(text, edit.start)
    if lines and text[: edit.start].endswith("\n\n") and text.startswith("\n", edit.end):
        return Edit(edit.start, edit.end + 1, "")
    return edit


def _own_statement(mine: Sequence[Found], name: Name) -> Found | None:
    """Return the user's `from module import …` that one more name can join."""
    for own in mine:
        if name.name and isinstance(own.node, ast.ImportFrom) and _same_module(own, name):
            return own
    return None


def _spelled(name: Name) -> str:
    text = name.name or name.module
    return f"{text} as {name.alias}" if name.alias else text


def _taken_out(ours: Source, base: Source, found: Found, gone: set[Name]) -> list[Edit]:
    start, end = ours.span(found.node)
    left = [index for index, name in enumerate(found.names) if name not in gone]
    if left:
        group = _names_group(ours, found)
        removed = {index for index in range(len(found.names)) if index not in left}
        return edit_group(ours.text, group, removed, [], Layout())
    first, last = line_start(ours.text, start), line_end(ours.text, end)
    known = set(base.comments(0, len(base.text)))
    if not ours.begins_line(start) or set(ours.comments(start, last)) - known:
        raise Clash(f"`{ours.text[start:end]}` is to go, and you changed its lines")
    if ours.text[end:last].strip() and not ours.text[end:last].lstrip().startswith("#"):
        raise Clash(f"`{ours.text[start:end]}` shares its line with other code")
    return [Edit(first, min(last + 1, len(ours.text)), "")]


def _names_group(source: Source, found: Found) -> Group:
    """Return the names of a statement as a group; without brackets its ends are the neighbours."""
    start, end = source.span(found.node)
    spans = tuple(source.span(alias) for alias in found.node.names)
    opened = source.text.rfind("(", start, spans[0][0])
    if opened < 0:
        return Group(spans[0][0] - 1, end, spans)
    return Group(opened, end - 1, spans)


def _same_module(own: Found, name: Name) -> bool:
    star = any(each.name == "*" for each in own.names)
    return own.scope == name.scope and own.names[0].module == name.module and not star


def _absolute(mine: Sequence[Found], package: str) -> bool:
    """Say whether the user imports the own package by its full name only."""
    nodes = [found.node for found in mine if isinstance(found.node, ast.ImportFrom)]
    named = any(not node.level and (node.module or "").split(".")[0] == package for node in nodes)
    return named and not any(node.level for node in nodes)


def _statement(found: Found, texts: Sequence[str], package: str, *, absolute: bool) -> Statement:
    if isinstance(found.node, ast.Import):
        return _place(found, package), "\n".join(f"import {text}" for text in texts)
    module = f"{'.' * found.node.level}{found.node.module or ''}"
    module = found.names[0].module if absolute else module
    place = pysource.import_place(f"{module}:x", package)
    return place, pysource.from_import(module, texts)


def _joined(ours: Source, own: Found, texts: Sequence[str]) -> list[Edit]:
    """Put names into a statement that the user has, sorted if theirs are."""
    group = _names_group(ours, own)
    keys = [pysource.member_place(_spelled(name)) for name in own.names]
    ordered = all(one < two for one, two in pairwise(keys))
    inserted = []
    for text in texts:
        place = pysource.member_place(text)
        at = sum(key < place for key in keys) if ordered else len(keys)
        inserted.append((at, text))
    start, end = ours.span(own.node)
    bracketed = group.close == end - 1
    length = end - line_start(ours.text, start) + sum(len(text) + 2 for text in texts)
    if not bracketed and length > pysource.LINE_LENGTH:
        spelled = [_spelled(name) for name in own.names]
        for at, text in reversed(inserted):
            spelled.insert(at, text)
        rows = "".join(f"    {text},\n" for text in spelled)
        return [Edit(group.items[0][0], end, f"(\n{rows})")]
    return edit_group(ours.text, group, set(), inserted, Layout())


def _placed(
    ours: Source,
    block: Sequence[Found],
    order: Sequence[str],
    statements: Sequence[tuple[Found, Statement]],
    package: str,
) -> list[Edit]:
    """Put statements among the user's: in the sorted place, or beside the neighbours of theirs."""
    places = [_place(own, package) for own in block]
    rising = all(one <= two for one, two in pairwise(places))
    waiting: dict[int, list[Statement]] = {}
    for found, statement in sorted(statements, key=lambda item: item[1][0]):
        place, _ = statement
        beside = sum(each <= place for each in places) if rising else _beside(block, order, found)
        waiting.setdefault(beside, []).append(statement)
    indent = " " * block[0].node.col_offset
    edits = []
    for at, new in waiting.items():
        following = places[at] if at < len(block) else None
        if at and (following is None or following[0] != new[0][0][0]):
            end = line_end(ours.text, ours.span(block[at - 1].node)[1])
            text = _sections(places[at - 1], new, None, indent)
            edits.append(Edit(end, end, "\n" + text.removesuffix("\n")))
        else:
            start = _line_of(ours, block[at], block[at - 1] if at else None)
            edits.append(Edit(start, start, _sections(None, new, following, indent)))
    return edits


def _sections(
    previous: tuple[object, ...] | None,
    new: Sequence[Statement],
    following: tuple[object, ...] | None,
    indent: str,
) -> str:
    """Return new statements as lines, with an empty line where a section of imports ends."""
    lines = []
    for place, text in new:
        if previous is not None and previous[0] != place[0]:
            lines.append("")
        lines += [f"{indent}{line}" for line in text.split("\n")]
        previous = place
    if following is not None and previous is not None and previous[0] != following[0]:
        lines.append("")
    return "".join(f"{line}\n" for line in lines)


def _place(found: Found, package: str) -> tuple[object, ...]:
    if isinstance(found.node, ast.Import):
        return pysource.import_place(found.names[0].module, package)
    module = f"{'.' * found.node.level}{found.node.module or ''}"
    return pysource.import_place(f"{module}:x", package)


def _beside(block: Sequence[Found], order: Sequence[str], found: Found) -> int:
    """Return the index at which the neighbours of theirs stand in an unsorted block."""
    modules = [own.names[0].module for own in block]
    position = order.index(found.names[0].module)
    for module in reversed(order[:position]):
        if module in modules:
            return modules.index(module) + 1
    for module in order[position + 1 :]:
        if module in modules:
            return modules.index(module)
    return len(block)


def _line_of(ours: Source, found: Found, previous: Found | None) -> int:
    """Return where the lines of a statement begin, with the comments right above it."""
    start = line_start(ours.text, ours.span(found.node)[0])
    stop = line_end(ours.text, ours.span(previous.node)[1]) + 1 if previous else start
    return comment_block(ours.text, start, min(stop, start))


def _first(ours: Source, statements: Sequence[tuple[Found, Statement]]) -> Edit:
    """Put the first imports of a module below its docstring."""
    scope = statements[0][0].scope
    if scope:
        raise Clash(f"your file has no `if {scope}:` for `{statements[0][1][1]}`")
    new = sorted(statement for _, statement in statements)
    text = _sections(None, new, None, "")
    body = ours.tree.body
    if ast.get_docstring(ours.tree, clean=False) is not None:
        end = line_end(ours.text, ours.span(body[0])[1])
        return Edit(end, end, f"\n\n{text}".removesuffix("\n"))
    start = line_start(ours.text, ours.span(body[0])[0]) if body else len(ours.text)
    return Edit(start, start, f"{text}\n")


def merge(path: str, base: str, ours: str, theirs: str) -> str | None:
    """Return the text with imports merged as a set and all else by lines, or nothing.

    Raises `Clash` for imports that can't be merged.
    """
    old, new = Source(base), Source(theirs)
    edited = merge_imports(path, old, ours, new)
    regions = [region_of(source) for source in (old, Source(edited), new)]
    if None in regions or not (is_pure(old) and is_pure(new)):
        return None
    (b0, b1), (o0, o1), (t0, t1) = (region or (0, 0) for region in regions)
    block = edited[o0:o1]
    texts = (base[:b0] + block + base[b1:], edited, theirs[:t0] + block + theirs[t1:])
    parts = merge_lines(*(text.split("\n") for text in texts))
    return "\n".join(chosen(parts)) if clean(parts) else None

"""How the chooser looks: its state and a size of terminal → lines of styled text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.utils import get_cwidth

from mcpforge.cli.views import tree_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mcpforge.cli.chooser_state import Choices, Row

Line = list[tuple[str, str]]
"""Pieces of text with their style, as prompt_toolkit takes them."""

STYLES = {
    "title": "bold",
    "pointer": "bold",
    "chosen": "ansigreen",
    "implied": "ansicyan",
    "added": "ansigreen bold",
    "removed": "ansired",
    "error": "ansired bold",
}
BESIDE = 72
"""From so many columns on the preview stands beside the list, else below."""
_TALL = 14
_SIGNS = 9  # cells of a row beside its name and summary

_KEYS = ("↑↓ move", "←→ group", "Space choose", "PgUp/Dn files", "Enter done", "Ctrl-C leave")


def draw(choices: Choices, columns: int, rows: int) -> list[Line]:
    """Return at most `rows` lines, none wider than `columns`."""
    tall = rows >= _TALL
    keys = _wrap(_KEYS, columns, "  ", most=2 if tall else 1)
    most = (3 if columns >= BESIDE else 4) if tall else 2
    foot = [
        _rule(columns, choices.position),
        *_status(choices, columns, most),
        *([("", line)] for line in keys),
    ]
    head = [_heading(choices, columns), _rule(columns)]
    room = max(1, rows - len(head) - len(foot))
    if columns >= BESIDE:
        body = _beside(choices, columns, room)
    else:
        below = room * 2 // 5 if room > rows // 3 else 0
        body = _list(choices, columns, room - below)
        if below:
            body += [_rule(columns), *_preview(choices, columns, below - 1)]
    return [_cut(line, columns) for line in [*head, *body, *foot][:rows]]


def clip(text: str, width: int) -> str:
    """Return the text as one line that fills `width` cells at most, with `…` where it is cut."""
    line = " ".join(text.split(" ")) if text.isprintable() else " ".join(text.split())
    if get_cwidth(line) <= width:
        return line
    while line and get_cwidth(line) > width - 1:
        line = line[:-1]
    return f"{line}…" if width > 0 else ""


def preview_lines(choices: Choices) -> list[tuple[str, str]]:
    """Return the tree as (mark, line): `+` came with the last change, `-` went, else a space."""
    after, before = choices.shown.paths, choices.before
    marked = []
    folders: list[str] = []
    for line in tree_lines(f"{choices.name}/", sorted(after | before)):
        indent, branch, name = line.partition("── ")
        if not branch:
            marked.append((" ", line))
            continue
        depth = len(indent) // 4
        path = "/".join([*folders[:depth], name.rstrip("/")])
        if name.endswith("/"):
            folders[depth:] = [name.rstrip("/")]
            marked.append((_folder_mark(f"{path}/", before, after), line))
        else:
            mark = "+" if path not in before else "-" if path not in after else " "
            marked.append((mark, line))
    return marked


def _folder_mark(prefix: str, before: Iterable[str], after: Iterable[str]) -> str:
    if not any(path.startswith(prefix) for path in before):
        return "+"
    return " " if any(path.startswith(prefix) for path in after) else "-"


def _heading(choices: Choices, columns: int) -> Line:
    count = len(choices.chosen)
    facts = [f"{count} chosen" if count else "nothing chosen"]
    if choices.shown.implied:
        facts.append(f"{len(choices.shown.implied)} implied")
    facts.append(f"{len(choices.shown.paths)} files")
    right = clip(", ".join(facts), columns)
    left = clip(f"Features of {choices.name}", max(0, columns - len(right) - 2))
    return [("class:title", left), ("", " " * (columns - get_cwidth(left) - len(right)) + right)]


def _beside(choices: Choices, columns: int, room: int) -> list[Line]:
    notes = max((get_cwidth(row.note) for row in choices.rows), default=0)
    widest = _width(choices.rows) + _SIGNS + notes
    left = min(widest, max(columns * 3 // 5, columns - 48))
    right = columns - left - 3
    lines = []
    preview = _preview(choices, right, room)
    for number, line in enumerate(_list(choices, left, room)):
        used = sum(get_cwidth(text) for _, text in line)
        other = preview[number] if number < len(preview) else []
        lines.append([*line, ("", " " * (left - used) + " │ "), *other])
    return lines


def _width(rows: Iterable[Row]) -> int:
    return min(20, max((len(row.title) for row in rows if row.feature), default=0))


def _list(choices: Choices, columns: int, room: int) -> list[Line]:
    top = max(0, min(choices.pointer - room // 2, len(choices.rows) - room))
    if choices.pointer < room // 2:
        top = 0
    width = _width(choices.rows)
    lines = [
        _row(choices, row, columns, width, pointed=number == choices.pointer)
        for number, row in enumerate(choices.rows[top : top + room], top)
    ]
    return lines + [[] for _ in range(room - len(lines))]


def _row(choices: Choices, row: Row, columns: int, width: int, *, pointed: bool) -> Line:
    if row.feature is None:
        title = clip("  " * row.level + row.title, columns)
        note = clip(f" ({row.note})" if row.note else "", columns - get_cwidth(title))
        return [("class:title" if not row.level else "", title), ("", note)]
    implied = row.feature.id in choices.shown.implied
    chosen = row.feature.id in choices.chosen
    sign = "x" if chosen else "+" if implied else " "
    if row.choice:
        sign = "•" if chosen else sign
    box = f"({sign})" if row.choice else f"[{sign}]"
    style = "class:chosen" if chosen else "class:implied" if implied else ""
    focus = "class:pointer" if pointed else ""
    start = "❯ " if pointed else "  "
    name = clip(f"{row.title:<{width}}", columns - 6)
    note = clip(row.note, columns - 8 - get_cwidth(name))
    return [(focus, start), (style, box), (focus, f" {name}"), ("", f"  {note}" if note else "")]


def _preview(choices: Choices, columns: int, room: int) -> list[Line]:
    lines = preview_lines(choices)
    choices.scroll = max(0, min(choices.scroll, len(lines) - room))
    styles = {"+": "class:added", "-": "class:removed", " ": ""}
    shown = lines[choices.scroll : choices.scroll + room]
    return [[(styles[mark], clip(f"{mark} {line}", columns))] for mark, line in shown]


def _status(choices: Choices, columns: int, most: int) -> list[Line]:
    """Return what the pointed feature is and what is implied; an error goes first."""
    pointed = choices.pointed
    about = f"{pointed.feature.title}: {pointed.note}" if pointed and pointed.feature else ""
    if choices.outcome.error:
        said = f"{choices.outcome.error}. Leave one out to go on"
        lines = _paragraph("class:error", said, columns, most)
        lines += _paragraph("class:title", about, columns, most - len(lines))
    else:
        pairs = sorted(choices.shown.implied.items())
        names = ", ".join(f"{name} (for {', '.join(by)})" for name, by in pairs)
        implied = _paragraph("class:implied", f"Implied: {names}" if names else "", columns, 2)
        lines = _paragraph("class:title", about, columns, max(1, most - 2)) + implied
    return lines[:most] + [[] for _ in range(most - len(lines))]


def _paragraph(style: str, text: str, columns: int, most: int) -> list[Line]:
    lines = _wrap(text.split(), columns, " ", most=most) if most > 0 else []
    return [[(style, line)] for line in lines]


def _cut(line: Line, columns: int) -> Line:
    """Return what of a line fits: only where the terminal is narrower than a row's signs."""
    kept: Line = []
    for style, text in line:
        room = columns - sum(get_cwidth(before) for _, before in kept)
        kept.append((style, text if get_cwidth(text) <= room else text[:room]))
    return kept


def _wrap(words: Iterable[str], columns: int, gap: str, *, most: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]}{gap}{word}" if lines else word
        if lines and (get_cwidth(longer) <= columns or len(lines) == most):
            lines[-1] = longer
        else:
            lines.append(word)
    return [clip(line, columns) for line in lines]


def _rule(columns: int, label: str = "") -> Line:
    shown = clip(f" {label} ", columns) if label else ""
    return [("", f"{'─' * 2}{shown}".ljust(columns, "─")[:columns])]

"""Line endings: merges work on plain newlines, and the user's file gets its own back."""

from __future__ import annotations

from mcpforge.merge.differences import changes

_BOM = "\ufeff"


def split(text: str) -> list[str]:
    """Return the lines of a text without their endings, which are LF or CRLF and nothing else."""
    lines = plain(text).split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def plain(text: str) -> str:
    """Return the text with LF for CRLF, and without a byte order mark."""
    return text.removeprefix(_BOM).replace("\r\n", "\n")


def joined(lines: list[str]) -> str:
    """Return lines as a text that ends with a newline."""
    return "".join(f"{line}\n" for line in lines)


def restore(merged: str, base: str, ours: str, theirs: str) -> str:
    """Return the merged text with the endings, last newline and byte order mark of the user."""
    if "\r\n" in ours:
        merged = _with_endings(merged, ours)
    last = ours if _ends(ours) != _ends(base) or not ours else theirs
    newline = "\r\n" if "\r\n" in ours and ours.count("\r\n") * 2 >= ours.count("\n") else "\n"
    if _ends(merged) and not _ends(last):
        merged = merged.removesuffix("\n").removesuffix("\r")
    elif merged and not _ends(merged) and _ends(last):
        merged += newline
    return _BOM + merged if ours.startswith(_BOM) else merged


def _ends(text: str) -> bool:
    return text.endswith("\n")


def _with_endings(merged: str, ours: str) -> str:
    mine = ours.removeprefix(_BOM).split("\n")
    returns = [line.endswith("\r") for line in mine]
    usual = sum(returns) * 2 >= max(len(mine) - 1, 1)
    result = merged.split("\n")
    endings = [usual] * len(result)
    kept = [line.removesuffix("\r") for line in mine]
    at = here = 0
    for change in (*changes(kept, result), None):
        stop = len(kept) if change is None else change.start
        while at < stop:
            endings[here] = returns[at]
            at, here = at + 1, here + 1
        if change is not None:
            at, here = change.end, here + change.new_end - change.new_start
    if mine[-1]:
        endings[-1:] = [usual]
    return "\n".join(
        f"{line}\r" if cr and number < len(result) - 1 else line
        for number, (line, cr) in enumerate(zip(result, endings, strict=True))
    )

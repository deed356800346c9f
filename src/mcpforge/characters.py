"""Which characters stand in files as they are: the same on every Python.

`str.isprintable` follows the Unicode tables of the running Python, so it would make the bytes of a
project depend on who writes it.
"""

from __future__ import annotations

import re

# Control characters that are not white space; no text file should hold one.
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
# What can't be seen, or only as a blank or a box: control and format characters, spaces but the
# common one, surrogates, private use, non-characters.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufdd0-\ufdef\ufeff\ufff0-\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U0010ffff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BYTE, _SHORT = 0x100, 0x10000


def escape_unseen(text: str, *, hex_escapes: bool = False) -> str:
    r"""Return the text with unseen characters as `\n`, `\r`, `\t`, `\uXXXX` or `\UXXXXXXXX`.

    `hex_escapes` writes `\xXX` for those below 256, as Python programmers do.
    """

    def escape(found: re.Match[str]) -> str:
        char = found[0]
        code = ord(char)
        if char in _NAMED:
            return _NAMED[char]
        if hex_escapes and code < _BYTE:
            return f"\\x{code:02x}"
        return f"\\u{code:04x}" if code < _SHORT else f"\\U{code:08x}"

    return _UNSEEN.sub(escape, text)


def fold(text: str) -> str:
    """Return the text on one line: no control characters, runs of white space as one space."""
    return " ".join(CONTROL.sub("", text).split())

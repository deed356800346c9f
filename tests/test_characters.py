"""What stands in files as it is does not depend on the running Python."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from mcpforge.characters import CONTROL, escape_unseen, fold

HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def test_characters_that_this_python_does_not_know_stay() -> None:
    newer = "\U0001fae9"  # Unicode 16
    assert escape_unseen(newer) == fold(newer) == newer


def test_everything_that_can_not_be_seen_is_escaped() -> None:
    every = map(chr, range(0x110000))
    hidden = [char for char in every if unicodedata.category(char) in HIDDEN]
    assert [char for char in hidden if escape_unseen(char) == char] == []
    assert [char for char in map(chr, range(0x20, 0x7F)) if escape_unseen(char) != char] == []


@given(st.text())
def test_folding_keeps_all_but_white_space_and_control_characters(text: str) -> None:
    kept = "".join(char for char in text if not char.isspace() and not CONTROL.match(char))
    folded = fold(text)
    assert "".join(folded.split()) == kept
    assert fold(folded) == folded
    assert folded == folded.strip()
    assert "  " not in folded

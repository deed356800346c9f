"""A file knows its git blob id."""

from __future__ import annotations

import subprocess

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcpforge.tree import File, blob_id


@given(st.binary(max_size=300))
@example(b"")
@settings(max_examples=8)
def test_the_id_is_the_one_git_gives(content: bytes) -> None:
    done = subprocess.run(
        ["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True
    )
    assert blob_id(content) == done.stdout.decode().strip() == File(content).id


def test_text_is_utf_8() -> None:
    assert File("grün".encode()).text == "grün"

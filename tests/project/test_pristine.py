"""The base of every managed file is kept, and read back by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.project import pristine
from mcpforge.tree import File

if TYPE_CHECKING:
    from pathlib import Path

TREE = {"a.py": File(b"text\n" * 9), "b.py": File(b"text\n" * 9), "c.py": File(b"mine", "seed")}


def write(root: Path) -> None:
    for path, content in pristine.stored(TREE).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def test_managed_texts_are_stored_once(tmp_path: Path) -> None:
    write(tmp_path)
    assert len([path for path in pristine.stored(TREE) if path.startswith(pristine.BASE)]) == 1
    assert pristine.read(tmp_path, TREE["a.py"].id) == TREE["a.py"].content
    assert pristine.read(tmp_path, TREE["c.py"].id) is None


def test_a_damaged_entry_is_no_base(tmp_path: Path) -> None:
    write(tmp_path)
    identifier = TREE["a.py"].id
    (tmp_path / pristine.BASE / identifier).write_bytes(b"garbage")
    assert pristine.read(tmp_path, identifier) is None


def test_local_state_is_ignored_and_the_base_is_binary() -> None:
    held = pristine.stored({})
    assert held[".mcpforge/.gitignore"] == b"local/\n"
    assert b"binary" in held[".mcpforge/.gitattributes"]

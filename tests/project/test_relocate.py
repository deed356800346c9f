"""Relative imports follow a module that moves."""

import pytest

from mcpforge.project.relocate import relocate


@pytest.mark.parametrize(
    ("line", "new", "expected"),
    [
        ("from .a import b", "src/p/core/x.py", "from ..a import b"),
        ("from . import v", "src/p/core/x.py", "from .. import v"),
        ("from .core.a import b", "src/p/core/x.py", "from .a import b"),
        ("from .a.b import c", "src/p/y.py", "from .a.b import c"),
        ("    from .a import b", "src/p/q/r/x.py", "    from ...a import b"),
        ("from q.a import b", "src/p/core/x.py", "from q.a import b"),
    ],
)
def test_imports_are_rewritten(line: str, new: str, expected: str) -> None:
    assert relocate(f"{line}\n", "src/p/x.py", new) == f"{expected}\n"
    assert relocate(f"{expected}\n", new, "src/p/x.py") == f"{line}\n"

"""What a file asks of the other files of its tree; the answers for a file that is alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcpforge.inspection.names import Value


class Others:
    """The other files of a tree: here there are none."""

    def resolve(self, _path: str, _dotted: str) -> Value | None:
        """Return the server or other instance that a name of another file stands for."""
        return None

    def fixture(self, _path: str, _name: str) -> Value | None:
        """Return what the fixture gives that the conftests around a file define."""
        return None

    def fields(self, _path: str) -> frozenset[str]:
        """Return the fields of the classes that a file may meet, of what it imports."""
        return frozenset()

    def holds(self, _dotted: str) -> bool:
        """Tell whether a module of this name is one of the tree."""
        return False

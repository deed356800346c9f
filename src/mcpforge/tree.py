"""A project as a value: paths and the files behind them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Ownership = Literal["managed", "seed"]


@dataclass(frozen=True, slots=True)
class File:
    """One file of a project: its bytes, whether it may be run, and whose it is.

    The content of a `link` is what it points to, as git has it.
    """

    content: bytes
    ownership: Ownership = "managed"
    executable: bool = False
    link: bool = False

    @property
    def text(self) -> str:
        """The content as UTF-8 text."""
        return self.content.decode("utf-8")

    @property
    def id(self) -> str:
        """The git blob id of the content, 40 hex digits."""
        return blob_id(self.content)


class LazyFile(File):
    """A file whose id is known; its content is made when somebody looks at it."""

    __slots__ = ("_id", "_make")
    _id: str
    _make: Callable[[], bytes]

    def __init__(self, identifier: str, make: Callable[[], bytes], ownership: Ownership) -> None:
        """Keep the id, and how to make the content."""
        given: dict[str, object] = {"ownership": ownership, "executable": False, "link": False}
        given |= {"_id": identifier, "_make": make}
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @property
    def content(self) -> bytes:
        """What is made each time."""
        return self._make()

    @property
    def id(self) -> str:
        """The id that was given."""
        return self._id


Tree = dict[str, File]
"""Relative POSIX path → file."""


def blob_id(content: bytes) -> str:
    """Return the id that git gives this content (`git hash-object`), 40 hex digits."""
    head = f"blob {len(content)}\0".encode()
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()

"""A project as a value: paths and the files behind them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Ownership = Literal["managed", "seed"]


@dataclass(frozen=True, slots=True)
class File:
    """One file of a project: its bytes, whether it may be run, and whose it is."""

    content: bytes
    ownership: Ownership = "managed"
    executable: bool = False

    @property
    def text(self) -> str:
        """The content as UTF-8 text."""
        return self.content.decode("utf-8")

    @property
    def id(self) -> str:
        """The git blob id of the content, 40 hex digits."""
        return blob_id(self.content)


Tree = dict[str, File]
"""Relative POSIX path → file."""


def blob_id(content: bytes) -> str:
    """Return the id that git gives this content (`git hash-object`), 40 hex digits."""
    head = f"blob {len(content)}\0".encode()
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()

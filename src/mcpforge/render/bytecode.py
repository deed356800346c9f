"""Compiled templates, kept in one file of the user's cache between runs."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import BytecodeCache

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


def cache_file() -> Path | None:
    """Return the file of this Python and these templates, or None where there is no home.

    The folder follows the XDG base directory specification; it is the user's own (0700), since
    what Jinja stores there is code.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(base or os.path.expanduser("~/.cache"))  # noqa: PTH111 - never raises
    if not folder.is_absolute():
        return None
    return folder / "mcpforge" / f"templates-{sys.implementation.cache_tag}.bin"


class OneFileCache(BytecodeCache):
    """Jinja's bytecode cache in a single file, so that a run opens one file and not fifty."""

    def __init__(self, path: Path | None) -> None:
        """Read the file, if it is there and belongs to this user."""
        self.path = path
        self.held: dict[str, bytes] = {}
        self.changed = False
        with contextlib.suppress(Exception):
            if path is not None and path.stat().st_uid == os.getuid():
                self.held = pickle.loads(path.read_bytes())

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give Jinja what is held; it checks the source's checksum itself."""
        code = self.held.get(bucket.key)
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what Jinja compiled."""
        self.held[bucket.key] = bucket.bytecode_to_string()
        self.changed = True

    def save(self) -> None:
        """Write the file in one step; a folder that can't be written is no error."""
        if not self.changed or self.path is None:
            return
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self.path.with_suffix(f".{os.getpid()}")
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(pickle.dumps(self.held))
            draft.replace(self.path)
            self.changed = False

"""Where tools may look and write: below one folder, never through a link that leaves it."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError, UsageError
from mcpforge.project import journal, pristine
from mcpforge.project import lock as locks

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 400
LONGEST_PART = 240
LARGEST_LOCK = 8_000_000
DEEPEST = 3
_LINKLESS = (locks.FOLDER, locks.PATH, pristine.BASE, journal.LOCAL, ".env")
_SKIPPED = frozenset({"node_modules", "site-packages", "venv", "__pycache__", "build", "dist"})


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or file below the root: where it really is, how it is told, and which one it is."""

    path: Path
    shown: str
    identity: tuple[int, int] | None = None


class Base:
    """The folder that a server works in. It is found once and must stay the one it was."""

    def __init__(self, root: Path) -> None:
        """Resolve the folder; raises `UsageError` where there is none."""
        try:
            self.root = root.resolve(strict=True)
        except (OSError, RuntimeError):
            raise UsageError(f"There is no folder `{root}`", code="not_found") from None
        if not self.root.is_dir():
            raise UsageError(f"`{root}` is no folder", code="not_found")
        self._identity = _identity(self.root)

    def locate(self, text: str) -> Place:
        """Return the place of a path that is relative to the root; nothing has to be there.

        Raises `UsageError` for a path that is absolute, goes up, names something hidden (`.git`,
        `.env`, `.mcpforge`), or leaves the root through a symbolic link.
        """
        if self.root.is_symlink() or _identity(self.root) != self._identity:
            raise ForgeError(
                "The folder of this server is no longer the one it was started in",
                hint="Start `mcpforge mcp` again.",
                code="root_replaced",
            )
        place = self.root.joinpath(*_parts(text))
        try:
            real = place.resolve()
            inside = real == self.root or self.root in real.parents
            parts = real.relative_to(self.root).parts if inside else ()
        except (OSError, RuntimeError, ValueError):
            raise _refuse("leads in a circle or can't be looked at") from None
        if not inside:
            raise _refuse("leaves the folder of this server through a symbolic link")
        for part in parts:
            _check_part(part)
        shown = "/".join(parts) or "."
        return Place(real, shown, _identity(real))

    def project(self, text: str) -> Place:
        """Return the folder of a project; raises `ForgeError` where there is none."""
        place = self.locate(text)
        if not (place.path / locks.PATH).is_file():
            raise ForgeError(
                f"`{place.shown}` is no project of mcpforge",
                hint="`list_projects` names those that are there, `plan_new` makes one.",
                code="no_project",
            )
        self.check_state(place)
        return place

    def check_state(self, place: Place) -> None:
        """Raise `ForgeError` where a part of a project's state is a link, or the lock is huge."""
        held = (*_LINKLESS, *pristine.listed(place.path))
        linked = next((name for name in held if (place.path / name).is_symlink()), "")
        if linked:
            raise ForgeError(
                f"`{linked}` is a symbolic link, mcpforge works through none",
                hint="Put the file itself there.",
                code="outside",
            )
        lock = place.path / locks.PATH
        if lock.is_file() and lock.stat().st_size > LARGEST_LOCK:
            raise ForgeError(f"`{locks.PATH}` is too large", code="lock_broken")

    def same(self, place: Place) -> bool:
        """Say whether a place is still the folder that it was."""
        return self.locate(place.shown) == place

    def projects(self) -> Iterator[str]:
        """Yield the projects below the root, the outermost first, links not followed."""
        waiting = [(self.locate(".").path, 0)]
        while waiting:
            folder, depth = waiting.pop(0)
            if (folder / locks.PATH).is_file():
                yield folder.relative_to(self.root).as_posix()
            if depth == DEEPEST:
                continue
            try:
                below = sorted(path for path in folder.iterdir() if _can_hold(path))
            except OSError:
                continue
            waiting += [(path, depth + 1) for path in below]

    def hidden(self, text: str) -> str:
        """Return a text in which paths below the root are told from there."""
        return text.replace(f"{self.root}/", "").replace(str(self.root), ".")


def _can_hold(path: Path) -> bool:
    name = path.name
    return (
        not name.startswith(".")
        and name not in _SKIPPED
        and not path.is_symlink()
        and path.is_dir()
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _parts(text: str) -> list[str]:
    if len(text) > LONGEST:
        raise _refuse(f"is longer than {LONGEST} characters")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text) or "\\" in text:
        raise _refuse("holds a backslash or a control character")
    if text.startswith(("/", "~")):
        raise _refuse("is absolute")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    for part in parts:
        _check_part(part)
    return parts


def _check_part(part: str) -> None:
    """Refuse `..` and hidden names, also where the file system would see them as such.

    Some file systems fold compatible characters, and leave out those that can't be seen.
    """
    seen = unicodedata.normalize("NFKC", part)
    seen = "".join(sign for sign in seen if unicodedata.category(sign) != "Cf")
    if seen.startswith(".") or not seen.strip():
        raise _refuse("goes up or names something hidden")
    if len(os.fsencode(part)) > LONGEST_PART:
        raise _refuse(f"has a part of more than {LONGEST_PART} bytes")


def _refuse(why: str) -> UsageError:
    return UsageError(
        f"The path {why}",
        hint="Give a path below the folder of this server, such as `weather`.",
        code="outside",
    )

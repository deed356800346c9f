"""What mcpforge keeps of its local gateway: secrets, the running process, the environment's place.

All of it stands in one folder of the user, mode 0700, outside of every project.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge import locking
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Iterator

ADMIN = "admin@example.com"
LOCK_SECONDS = 300.0
_BUSY = "Another mcpforge is still starting or stopping the gateway"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the gateway is started with; generated once, because tokens and its database need it."""

    jwt_key: str = field(repr=False)
    encryption_key: str = field(repr=False)
    admin_password: str = field(repr=False)
    default_password: str = field(repr=False)

    def hide(self, text: str) -> str:
        """Return a text with every secret in it made unreadable."""
        for item in fields(self):
            text = text.replace(getattr(self, item.name), "*****")
        return text


@dataclass(frozen=True, slots=True)
class Record:
    """A gateway that was started: `identity` tells its process from a later one of the same id."""

    pid: int
    identity: str
    port: int
    version: str
    since: float
    ready: bool = False

    @property
    def url(self) -> str:
        """Where it listens."""
        return address(self.port)


def address(port: int) -> str:
    """Return the URL of a local gateway; it listens on IPv4's loopback only."""
    return f"http://127.0.0.1:{port}"


@dataclass(frozen=True, slots=True)
class State:
    """The folder, and what stands where in it."""

    folder: Path

    @property
    def environment(self) -> Path:
        """The virtual environment that the gateway is installed in."""
        return self.folder / "venv"

    @property
    def log(self) -> Path:
        """What the gateway has written since its last start."""
        return self.folder / "gateway.log"

    @property
    def database(self) -> Path:
        """The gateway's SQLite database."""
        return self.folder / "gateway.db"

    @property
    def installed(self) -> Path:
        """What the environment was made of, written when it was complete."""
        return self.folder / "installed.json"

    def make(self) -> None:
        """Make the folder, readable by nobody else."""
        with _readable(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the one lock of start and stop; raises `ForgeError` when it isn't got in time."""
        self.make()
        with _readable(self.folder):
            handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            locking.acquire(handle, time.monotonic() + LOCK_SECONDS, _BUSY)
            yield
        finally:
            os.close(handle)

    def secrets(self) -> Secrets | None:
        """Return the secrets, or None where no gateway was started yet."""
        found = self._read("secrets.json")
        try:
            return None if found is None else Secrets(**found)
        except TypeError:
            raise _broken(self.folder / "secrets.json") from None

    def secrets_or_new(self) -> Secrets:
        """Return the secrets, made and written where they are missing."""
        import secrets

        kept = self.secrets()
        if kept is None:
            kept = Secrets(
                secrets.token_urlsafe(48),
                secrets.token_urlsafe(48),
                f"Aa1!{secrets.token_urlsafe(24)}",
                f"Bb2!{secrets.token_urlsafe(24)}",
            )
            self.write("secrets.json", asdict(kept))
        return kept

    def record(self) -> Record | None:
        """Return the record of the gateway that was started last, if it wasn't stopped since."""
        found = self._read("running.json")
        try:
            return None if found is None else Record(**found)
        except TypeError:
            raise _broken(self.folder / "running.json") from None

    def keep(self, record: Record | None) -> None:
        """Write the record, or remove it."""
        if record is not None:
            self.write("running.json", asdict(record))
            return
        with _readable(self.folder):
            (self.folder / "running.json").unlink(missing_ok=True)

    def write(self, name: str, data: dict[str, Any]) -> None:
        """Replace a file of the folder in one step, mode 0600."""
        path = self.folder / name
        draft = path.with_suffix(".draft")
        with _readable(path):
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(data, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        try:
            with _readable(path):
                data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            raise _broken(path) from None
        if not isinstance(data, dict):
            raise _broken(path)
        return data

    def made_of(self) -> dict[str, Any]:
        """Return what the environment was made of; nothing where it isn't complete."""
        try:
            return self._read(self.installed.name) or {}
        except ForgeError:
            return {}


def find() -> State:
    """Return the state of this user, by the rules of the XDG base directories."""
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():
        base = Path.home() / ".local" / "state"
    return State(base / "mcpforge" / "gateway")


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say in one sentence why a file can't be used; a missing one is the caller's matter."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ForgeError(
            f"`{path}` can't be used: {reason}",
            hint="The gateway's state stands below `XDG_STATE_HOME`, by default `~/.local/state`.",
            code="state",
        ) from None


def _broken(path: Path) -> ForgeError:
    return ForgeError(
        f"`{path}` is not as mcpforge wrote it",
        hint=f"Remove the file `{path.name}`, or for a new gateway the folder `{path.parent}`.",
        code="state",
    )

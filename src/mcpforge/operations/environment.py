"""`.env`: values for the settings that can be generated; what is there stays as it is."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.project import journal
from mcpforge.project.guards import readable_errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mcpforge.render.settings import Setting

NAME = ".env"
_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


def missing_values(root: Path, settings: Iterable[Setting]) -> list[Setting]:
    """Return the settings that mcpforge can generate and that have no value in `.env`."""
    present = _present(_read(root / NAME))
    return [item for item in settings if item.generate and not present.get(item.env)]


def present_values(root: Path) -> dict[str, str]:
    """Return the variables that `.env` gives a value."""
    return _present(_read(root / NAME))


def unset_values(root: Path, settings: Iterable[Setting]) -> list[Setting]:
    """Return the required settings without a value in `.env`."""
    present = _present(_read(root / NAME))
    return [item for item in settings if item.required and not present.get(item.env)]


def required_values(root: Path, settings: Iterable[Setting]) -> list[Setting]:
    """Return the required settings without a value that only the user can give."""
    return [item for item in unset_values(root, settings) if not item.generate]


def write_environment(root: Path, settings: Iterable[Setting]) -> tuple[str, ...]:
    """Add the missing values to `.env` (mode 0600) and return the names of the variables.

    The file is replaced in one step. Raises `ForgeError` when it is a link or can't be written.
    """
    missing = missing_values(root, settings)
    if not missing:
        return ()
    with readable_errors(root / NAME), journal.writer(root):
        missing = missing_values(root, settings)
        _replace(root / NAME, _with_values(_read(root / NAME), missing))
    return tuple(setting.env for setting in missing)


def environment_diff(root: Path, settings: Iterable[Setting]) -> list[str]:
    """Return what `write_environment` would change, as a diff that shows no value, new or old."""
    missing = missing_values(root, settings)
    if not missing:
        return []
    there = (root / NAME).is_file()
    lines = _read(root / NAME).splitlines()
    empty = [item.env for item in missing if any(_is_empty(line, item.env) for line in lines)]
    return [
        f"--- a/{NAME}" if there else "--- /dev/null",
        f"+++ b/{NAME}",
        *(f"-{name}=" for name in empty),
        *(f"+{item.env}=<{item.generate}>" for item in missing),
    ]


def _with_values(text: str, missing: Iterable[Setting]) -> str:
    lines = text.splitlines()
    for setting in missing:
        line = f"{setting.env}={_generate(setting.generate)}"
        empty = [n for n, old in enumerate(lines) if _is_empty(old, setting.env)]
        if empty:
            lines[empty[-1]] = line
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _replace(path: Path, text: str) -> None:
    if path.is_symlink():
        raise ForgeError(
            "`.env` is a symbolic link, mcpforge writes through none",
            hint="Replace it by a file, or set the variables yourself.",
            code="outside",
        )
    draft = path.with_name(".env.mcpforge")
    try:
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _read(path: Path) -> str:
    if path.exists() and not path.is_file():  # reading a pipe or a device may never end
        raise ForgeError(f"`{path}` is no file", hint="Put a file there.", code="no_file")
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        raise ForgeError(f"`{path}` can't be read as UTF-8 text") from None


def _present(text: str) -> dict[str, str]:
    found = (_KEY.fullmatch(line) for line in text.splitlines())
    return {match[1]: match[2].strip().strip("'\"") for match in found if match}


def _is_empty(line: str, name: str) -> bool:
    match = _KEY.fullmatch(line)
    return match is not None and match[1] == name and not match[2].strip().strip("'\"")


def _generate(kind: str) -> str:
    """Return a new secret: 43 URL-safe characters, `hex` 64 digits, `fernet` a Fernet key."""
    import base64

    match kind:
        case "fernet":  # 32 random bytes in URL-safe base64, as `Fernet.generate_key` makes them
            return base64.urlsafe_b64encode(os.urandom(32)).decode()
        case "hex":
            return os.urandom(32).hex()
        case _:  # as `secrets.token_urlsafe`, whose import costs more than all the rest here
            return base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()

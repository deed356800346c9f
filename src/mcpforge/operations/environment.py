"""`.env`: values for the settings that can be generated; what is there stays as it is."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.project import journal
from mcpforge.project.guards import readable_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mcpforge.render.settings import Setting

NAME = ".env"
_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_END = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")  # no other character ends a line of `.env`
_EMPTY = re.compile(r"""(?:''|"")?(?:\s+#.*)?""")


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
    lines = _lines(_read(root / NAME))
    empty = [item.env for item in missing if any(_is_empty(line, item.env) for line in lines)]
    return [
        f"--- a/{NAME}" if there else "--- /dev/null",
        f"+++ b/{NAME}",
        *(f"-{name}=" for name in empty),
        *(f"+{item.env}=<{item.generate}>" for item in missing),
    ]


def _with_values(text: str, missing: Iterable[Setting]) -> str:
    lines = _lines(text)
    end = "\r\n" if "\r\n" in text else "\n"
    if lines and not lines[-1].endswith(("\r", "\n")):
        lines[-1] += end
    for setting in missing:
        line = f"{setting.env}={_generate(setting.generate)}{end}"
        empty = [n for n, old in enumerate(lines) if _is_empty(old, setting.env)]
        if empty:
            lines[empty[-1]] = line
        else:
            lines.append(line)
    return "".join(lines)


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
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _read(path: Path) -> str:
    if path.exists() and not path.is_file():  # reading a pipe or a device may never end
        raise ForgeError(f"`{path}` is no file", hint="Put a file there.", code="no_file")
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        reason, hint = "it is no UTF-8 text", "Save it as UTF-8."
    except OSError as error:
        reason, hint = (error.strerror or str(error)).lower(), "Make it readable for yourself."
    raise ForgeError(f"`{path}` can't be read: {reason}", hint=hint, code="not_readable")


def _lines(text: str) -> list[str]:
    """Return the lines with their ends."""
    return [line for line in _END.split(text) if line]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Return the variables with their values, of which a comment behind empty quotes is none."""
    for line in _lines(text):
        match = _KEY.fullmatch(line.rstrip("\r\n"))
        if match:
            value = match[2].strip()
            yield match[1], "" if _EMPTY.fullmatch(value) else value.strip("'\"")


def _present(text: str) -> dict[str, str]:
    return dict(_pairs(text))


def _is_empty(line: str, name: str) -> bool:
    return next(_pairs(line), None) == (name, "")


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

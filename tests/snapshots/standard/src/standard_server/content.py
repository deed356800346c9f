"""Files below one folder; names come from clients and are not trusted."""

from contextlib import suppress
from pathlib import Path

import anyio

MAX_BYTES = 5_000_000


class ContentError(Exception):
    """The file can't be read; the text is fit for clients."""


async def find_file(folder: Path, name: str) -> anyio.Path:
    """Return the file `name` below `folder`; what leads outside of it doesn't exist."""
    with suppress(OSError, RuntimeError, ValueError):  # too long, a loop of links, a NUL
        root = await anyio.Path(folder).resolve()
        file = await (root / name).resolve()
        if file.is_relative_to(root) and await file.is_file():
            return file
    raise ContentError(f"There is no file {name!r}.")


async def read_text(folder: Path, name: str) -> str:
    """Return the text of the file `name` below `folder`."""
    file = await find_file(folder, name)
    try:
        if (await file.stat()).st_size > MAX_BYTES:
            raise ContentError(f"The file {name!r} is larger than {MAX_BYTES} bytes.")
        return await file.read_text(encoding="utf-8")
    except OSError:
        raise ContentError(f"The file {name!r} can't be read.") from None
    except UnicodeDecodeError:
        raise ContentError(f"The file {name!r} is not UTF-8 text.") from None

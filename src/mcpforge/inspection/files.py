"""Which files of a folder are looked at, and their text."""

from __future__ import annotations

import codecs
import contextlib
import io
import mmap
import os
import stat
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.inspection.findings import Finding, rules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SKIP = frozenset(
    {
        ".eggs",
        ".git",
        ".hg",
        ".mcpforge",
        ".mypy_cache",
        ".nox",
        ".ruff_cache",
        ".tox",
        ".venv",
        "__pycache__",
        "build",
        "dist",
        "node_modules",
        "site-packages",
        "venv",
    }
)
LIMIT = 2_000_000
_REQUIREMENTS = frozenset({"fastmcp.json", "pyproject.toml"})


def walk(root: Path, skip: Collection[str]) -> Iterator[Path]:
    """Yield the regular files to look at, in a stable order; symlinks are not followed."""
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in skip)
        for name in sorted(names):
            path = Path(folder) / name
            if (is_python(path) or is_requirements(path)) and _is_regular(path):
                yield path


def is_python(path: Path) -> bool:
    """Tell whether a file is Python source."""
    return path.suffix == ".py"


def is_requirements(path: Path) -> bool:
    """Tell whether a file says which packages the project needs."""
    listed = path.suffix in {".in", ".txt"}
    return path.name in _REQUIREMENTS or (
        listed and ("requirements" in path.name or path.parent.name == "requirements")
    )


def read(path: Path, shown: str) -> str | Finding:
    """Return the text of a file, or the finding that says why there is none."""
    try:
        if path.stat().st_size > LIMIT:
            return rules()["MF003"].at(shown, 1, 1, limit=f"{LIMIT // 1_000_000} MB")
        return decode(path.read_bytes(), shown)
    except OSError as error:
        return rules()["MF004"].at(shown, 1, 1, reason=error.strerror or "unknown")


def decode(content: bytes, shown: str) -> str | Finding:
    """Return content as text, without a byte order mark, or the finding that it is no text.

    The coding that a Python file declares counts (PEP 263), and that of a byte order mark before
    a list of requirements, as PowerShell writes it.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        with contextlib.suppress(SyntaxError, UnicodeDecodeError, LookupError):
            return content.decode(_declared(content, shown))
        line = content.count(b"\n", 0, error.start) + 1
        return rules()["MF002"].at(shown, line, 1)


def _declared(content: bytes, shown: str) -> str:
    if is_python(Path(shown)):
        return tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    return "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"


def concerns(path: Path) -> bool:
    """Tell whether a file can have to do with MCP, as far as it can be read: it names it."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            return any(view.find(name) >= 0 for name in (b"mcp", b"MCP"))
    except (OSError, ValueError):
        return True


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False

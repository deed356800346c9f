"""The flags that work before and after every command."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = (
    "Everywhere: --json  --quiet (-q)  --verbose (-v)  --yes (-y)  --no-color  -C DIR (run there)  "
    "--features-path DIR (features of yours)"
)
_SWITCHES = {
    "--json": "json",
    "--quiet": "quiet",
    "-q": "quiet",
    "--verbose": "verbose",
    "-v": "verbose",
    "--yes": "yes",
    "-y": "yes",
    "--no-color": "no_color",
}
_FEATURES = "--features-path"


@dataclass(slots=True)
class Flags:
    """What was asked for globally."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    yes: bool = False
    no_color: bool = False
    directory: Path | None = None
    features_path: list[str] = field(default_factory=list)


def called_name(arguments: Sequence[str]) -> str:
    """Return the first word that is no global flag: the command, or nothing."""
    words = iter(arguments)
    for word in words:
        if word in ("-C", _FEATURES):
            next(words, None)
        elif not word.startswith(f"{_FEATURES}=") and word not in _SWITCHES:
            return word
    return ""


def split_flags(arguments: Sequence[str], taking_values: frozenset[str]) -> tuple[Flags, list[str]]:
    """Take the global flags out of a command line, wherever they stand before `--`.

    `taking_values` names the options whose next word is a value and never a flag. Raises
    `UsageError` for a `-C` or `--features-path` without a folder.
    """
    flags = Flags()
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _SWITCHES:
            setattr(flags, _SWITCHES[word], True)
        elif word == "-C":
            flags.directory = _folder(next(words, None))
        elif word == _FEATURES or word.startswith(f"{_FEATURES}="):
            given = word.partition("=")[2] if "=" in word else next(words, None)
            flags.features_path.append(_named(given))
        elif word in taking_values:
            rest += [word, *([value] if (value := next(words, None)) is not None else [])]
        else:
            rest.append(word)
    return flags, rest


def _folder(value: str | None) -> Path:
    if not value:
        raise UsageError("`-C` needs a folder", hint="For example `mcpforge -C my-server info`.")
    folder = Path(value)
    if not folder.is_dir():
        raise UsageError(f"`{value}` is no folder", hint="`-C` takes a folder that exists.")
    return folder


def _named(value: str | None) -> str:
    if not value:
        raise UsageError(
            f"`{_FEATURES}` needs a folder", hint=f"For example `{_FEATURES} ./features`."
        )
    return value

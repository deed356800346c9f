"""The one place that talks to the terminal: data to stdout, words to stderr."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge.cli.flags import Flags
from mcpforge.errors import ExitCode, ForgeError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 256  # characters of a word: no name, not even of a file, has more
_PLAIN = str.maketrans({"│": "|", "├": "|", "└": "`", "─": "-", "…": "..."})
_LOST = "output"
_STYLES = {"green": "32", "red": "31", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}


@dataclass(slots=True)
class Console:
    """Streams, verbosity and the form of the result: text for people, or one JSON envelope."""

    flags: Flags = field(default_factory=Flags)
    command: str = ""

    @property
    def interactive(self) -> bool:
        """Whether somebody is there who can be asked."""
        asked = not (self.flags.yes or self.flags.json or self.flags.quiet)
        return asked and _is_terminal(sys.stdin) and _is_terminal(sys.stderr)

    @property
    def base(self) -> Path:
        """The folder that paths are relative to in what is printed to be typed.

        With `-C` that is an absolute one: the user's own shell is still where it was.
        """
        return Path.cwd() if self.flags.directory else Path()

    def color(self, *, err: bool = True) -> bool:
        """Whether a stream takes colours."""
        if self.flags.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return _is_terminal(sys.stderr if err else sys.stdout)

    def style(self, text: str, *styles: str, err: bool = True) -> str:
        """Return the text in a style, where the stream takes it."""
        if not self.color(err=err) or not text:
            return text
        return f"\x1b[{';'.join(_STYLES[name] for name in styles)}m{text}\x1b[0m"

    def say(self, text: str = "") -> None:
        """Say something to a person."""
        if not (self.flags.quiet or self.flags.json):
            _write(sys.stderr, text)

    def data(self, text: str) -> None:
        """Print data."""
        if not self.flags.json:
            _write(sys.stdout, text)

    def result(
        self,
        data: Mapping[str, Any],
        *,
        exit_code: ExitCode = ExitCode.DONE,
        status: str = "success",
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        """Print the envelope, where JSON was asked for."""
        if self.flags.json:
            envelope = {
                "schema": 1,
                "command": self.command,
                "status": status,
                "exit_code": int(exit_code),
                "data": dict(data),
                "errors": errors or [],
            }
            _write(sys.stdout, _json(envelope, sys.stdout))

    def fail(self, error: ForgeError) -> None:
        """Show an error: one sentence, an empty line, the hint; or the envelope, if it can be."""
        if self.flags.json and error.code != _LOST:
            found = {"code": error.code, "message": error.message, "hint": error.hint}
            self.result({}, exit_code=error.exit_code, status="error", errors=[found])
            return
        _write(sys.stderr, f"{self.style('error:', 'red', 'bold')} {_shown(error.message)}")
        if error.hint:
            _write(sys.stderr, f"\n{self.style('hint:', 'cyan')} {_shown(error.hint)}")


def _is_terminal(stream: Any) -> bool:
    return stream is not None and stream.isatty()  # none: it was closed before the start


def _shown(text: str) -> str:
    """Return the text without characters that act on the terminal and without endless words."""
    import re

    from mcpforge.characters import escape_unseen

    return re.sub(rf"([^\s/`]{{{_LONGEST}}})[^\s/`]+", r"\1…", escape_unseen(text))


def _json(data: Mapping[str, Any], stream: Any) -> str:
    """Return the data as JSON, with the characters that the stream can hold as they are."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii", "strict")
    except UnicodeEncodeError:
        return json.dumps(data, indent=2)
    return text


def _write(stream: Any, text: str) -> None:
    """Write a line. What can't be said to a person is let go, lost data are an error."""
    if stream is None:  # it was closed before the start
        return
    try:
        _write_line(stream, text)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and stream is sys.stdout:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if stream is sys.stdout:
            reason = (error.strerror or str(error)).lower()
            raise ForgeError(
                f"The output can't be written: {reason}",
                hint="What the command did is done; send its output elsewhere.",
                code=_LOST,
            ) from None


def _write_line(stream: Any, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.translate(_PLAIN) if stream is sys.stderr else text  # data stay what they are
        text = plain.encode(encoding, "backslashreplace").decode(encoding)
    stream.write(f"{text}\n")
    stream.flush()

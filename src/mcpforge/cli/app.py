"""The command line: assembles the commands and handles every error in one place."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import typer

from mcpforge import __version__
from mcpforge.cli.console import Console
from mcpforge.cli.flags import EPILOG, Flags, called_name, split_flags
from mcpforge.cli.lazy import COMMANDS, LazyGroup, load
from mcpforge.errors import ExitCode, ForgeError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

FEATURES_PATH = "MCPFORGE_FEATURES_PATH"  # as `catalog.installed` reads it

app = typer.Typer(
    name="mcpforge",
    cls=LazyGroup,
    help="Start, grow and publish MCP servers with FastMCP.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"mcpforge {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", help="Show the version.", is_eager=True, callback=_version
    ),
) -> None:
    """Start, grow and publish MCP servers with FastMCP."""


def _options_with_values(command: Any) -> frozenset[str]:
    """Return every option of a command, and of all below it, that takes a value."""
    found = set()
    for parameter in getattr(command, "params", ()):
        if isinstance(parameter, click.Option) and not parameter.is_flag:
            found.update(parameter.opts)
    for sub in getattr(command, "commands", {}).values():
        found |= _options_with_values(sub)
    return frozenset(found)


def _name_of(called: Any, words: Sequence[str]) -> str:
    """Return the command that is called, with the group it is in: `gateway start`."""
    names = [word for word in words if not word.startswith("-")]
    below = getattr(called, "commands", {})
    return " ".join(names[:2] if len(names) > 1 and names[1] in below else names[:1])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with the exit code of the result."""
    sys.exit(int(run(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: Sequence[str]) -> ExitCode:  # noqa: C901, PLR0911 - one branch for each end
    """Run a command line and return its exit code; every error is shown as one sentence."""
    console = Console(Flags(json="--json" in arguments))
    before = os.environ.get(FEATURES_PATH)
    try:
        command: Any = typer.main.get_command(app)
        called = load(called_name(arguments))
        flags, rest = split_flags(
            arguments, _options_with_values(called) if called else frozenset()
        )
        console.flags = flags
        console.command = _name_of(called, rest)
        _enter(flags.directory)
        _name_features(flags.features_path)
        return _call(command, rest, console)
    except ForgeError as error:
        console.fail(error)
        return error.exit_code
    except click.exceptions.Exit as error:
        return ExitCode(error.exit_code)
    except click.UsageError as error:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            console.say(error.format_message())
        console.fail(_usage(error))
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort, EOFError):
        interrupted = ForgeError("Interrupted, nothing was changed", code="interrupted")
        interrupted.exit_code = ExitCode.INTERRUPTED
        console.fail(interrupted)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.REFUSED
    except Exception as error:
        if console.flags.verbose:
            raise
        console.fail(
            ForgeError(
                f"mcpforge met a bug: {type(error).__name__}: {error}",
                hint="Run again with `--verbose` and report what it prints.",
                code="bug",
            )
        )
        return ExitCode.REFUSED
    finally:
        _restore_features(before)


def _name_features(folders: Sequence[str]) -> None:
    """Put the folders of `--features-path` where they are looked for, before those named there."""
    if folders:
        known = os.environ.get(FEATURES_PATH, "")
        named = [os.path.realpath(folder) for folder in folders]
        os.environ[FEATURES_PATH] = os.pathsep.join([*named, *([known] if known else [])])


def _restore_features(before: str | None) -> None:
    if before is None:
        os.environ.pop(FEATURES_PATH, None)
    else:
        os.environ[FEATURES_PATH] = before


def _enter(directory: Path | None) -> None:
    try:
        if directory:
            os.chdir(directory)
        Path.cwd()
    except OSError as error:
        where = f"`{directory}`" if directory else "The current folder"
        raise UsageError(
            f"{where} can't be entered: {(error.strerror or str(error)).lower()}",
            hint="Change to a folder that is there, or name one with `-C DIR`.",
        ) from None


def _call(command: Any, arguments: Sequence[str], console: Console) -> ExitCode:
    code = command.main(arguments, prog_name="mcpforge", standalone_mode=False, obj=console)
    if code == ExitCode.INTERRUPTED:  # Typer makes this of Ctrl-C, and says nothing
        raise KeyboardInterrupt
    return ExitCode(code or 0)


def _usage(error: click.UsageError) -> UsageError:
    message = error.format_message().rstrip(".")
    hint = ""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        message = "A command is missing"
    elif isinstance(error, click.NoSuchOption):
        message = f"There is no option `{error.option_name}`"
        hint = did_you_mean(error.option_name, error.possibilities or ())
    elif message.startswith("No such command"):
        name = message.split("'")[1] if "'" in message else message.split('"')[1]
        message = f"There is no command `{name}`"
        group = error.ctx.command if error.ctx else None
        hint = did_you_mean(name, getattr(group, "commands", None) or COMMANDS)
    where = error.ctx.command_path if error.ctx else "mcpforge"
    return UsageError(message, hint=f"{hint}See `{where} --help`.")

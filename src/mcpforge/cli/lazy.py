"""The group of all commands; the module of one is imported when that one is called."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from mcpforge.cli.flags import EPILOG

if TYPE_CHECKING:
    import click

# Name → what `--help` says of it: the first sentence of its docstring, as a test checks.
COMMANDS = {
    "new": "Make a new project.",
    "add": "Add features, or components of your own, to this project.",
    "remove": "Take features or components out; what you edited stays.",
    "set": "Change options of features, or a text of the project.",
    "update": "Bring this project to newer templates: mcpforge's own, or its Copier template.",
    "undo": "Put back the project as it was before the last change; twice is a redo.",
    "doctor": "Check this project, and any FastMCP code for removed or misleading APIs.",
    "env": "Write missing secrets to `.env`; what is there stays as it is.",
    "features": "Show what can be chosen.",
    "info": "Show what this project is made of, and what was edited.",
    "register": "Register this project's server with a ContextForge gateway, or renew that.",
    "unregister": "Take servers off the gateway; virtual servers that lose tools are named first.",
    "compose": "Put tools of registered servers together into one virtual server.",
    "mcp": "Serve mcpforge itself to coding agents, as an MCP server: plan before apply.",
    "gateway": "A local ContextForge to develop against.",
}


class LazyGroup(TyperGroup):
    """Knows all commands by name, and loads one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:  # noqa: ARG002
        """Return a command by its name, or None."""
        return load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@cache
def load(name: str) -> Any:
    """Return the click command of this name, or None where there is none."""
    if name not in COMMANDS:
        return None
    module = importlib.import_module(f"mcpforge.cli.commands.{name}")
    if hasattr(module, "app"):
        command = typer.main.get_command(module.app)
    else:
        single = typer.Typer(
            add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
        )
        single.command(name=name, epilog=EPILOG)(module.run)
        command = typer.main.get_command(single)
    command.name = name
    return command

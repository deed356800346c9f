"""What an expression can stand for, and the short names of what FastMCP exports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ast

Kind = Literal["name", "instance", "function", "class", "factory"]


@dataclass(frozen=True, slots=True)
class Value:
    """`name` is dotted for what is imported; FastMCP's own names are their last part alone.

    `node` is the call that made an instance, or the definition of a function or class; `origin` is
    the whole dotted name of what is imported. A `factory` is a function of another file, by the
    name of what it makes.
    """

    kind: Kind
    name: str
    node: ast.AST | None = None
    origin: str = field(default="", compare=False)


def public_name(dotted: str) -> str:
    """Return the short name of what FastMCP exports under many paths, anything else unchanged."""
    if dotted.startswith(("fastmcp.", "mcp.server.fastmcp.")):
        return dotted.rpartition(".")[2]
    return dotted


def imported_value(dotted: str) -> Value:
    """Return what an imported thing of this dotted name is; members of a server keep its name."""
    outer, _, name = dotted.rpartition(".")
    of_server = public_name(outer) == "FastMCP"
    return Value("name", f"FastMCP.{name}" if of_server else public_name(dotted), origin=dotted)

"""The options that several verbs take, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan, write nothing.")]
Diff = Annotated[bool, typer.Option("--diff", help="Show the plan as a diff, write nothing.")]
Conflicts = Annotated[str, typer.Option(help="`markers` writes conflict markers.")]
Verify = Annotated[
    bool, typer.Option("--verify", help="Start and list the server; undo if that fails.")
]
Update = Annotated[
    bool, typer.Option("--update/--no-update", help="Take newer templates in first.")
]
Moved = Annotated[
    list[str] | None, typer.Option(metavar="OLD=NEW", help="Where you moved a file to.")
]
Reformatted = Annotated[
    bool, typer.Option("--reformatted", help="Files that you only reformatted go as well.")
]
Custom = Annotated[
    bool, typer.Option("--custom", help="The name is a component's, never a feature's.")
]

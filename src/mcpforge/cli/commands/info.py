"""`mcpforge info`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from mcpforge.cli.console import Console

NAME = "info"


def run(context: typer.Context) -> None:
    """Show what this project is made of, and what was edited."""
    from mcpforge.catalog.catalog import load
    from mcpforge.operations.info import inspect
    from mcpforge.project.lock import answers_data
    from mcpforge.render.filters import oneline

    console: Console = context.obj
    found = inspect(Path.cwd(), load())
    answers = found.lock.answers
    lines = [
        f"{console.style(answers.name, 'bold', err=False)}: {oneline(answers.description)}",
        f"  package   {answers.package}",
        f"  folder    {found.root}",
        f"  mcpforge  {found.lock.version}"
        + ("" if found.current else " (newer or older templates are installed)"),
        f"  features  {', '.join(sorted(answers.features)) or 'none'}",
    ]
    for name, by in sorted(found.implied.items()):
        lines.append(f"            {name} (implied by {', '.join(by)})")
    for feature, values in sorted(answers.options.items()):
        lines += [f"            {feature}.{key} = {value}" for key, value in sorted(values.items())]
    for ownership in ("managed", "seed"):
        paths = [path for path, file in found.lock.files.items() if file.ownership == ownership]
        edited = [path for path in paths if found.files[path] != "pristine"]
        lines.append(f"  {ownership:<8}  {len(paths)} files, {len(paths) - len(edited)} untouched")
        lines += [f"            {found.files[path]:>8}  {path}" for path in edited]
    if found.interrupted:
        lines.append("  A write was cut short; the next writing verb restores the project.")
    console.data("\n".join(lines))
    console.result(
        {
            "root": str(found.root),
            "answers": answers_data(answers),
            "implied": {key: list(by) for key, by in found.implied.items()},
            "version": found.lock.version,
            "templates": found.lock.templates,
            "current": found.current,
            "interrupted": found.interrupted,
            "files": {
                path: {"ownership": file.ownership, "state": found.files[path]}
                for path, file in found.lock.files.items()
            },
        }
    )

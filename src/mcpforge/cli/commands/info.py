"""`mcpforge info`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from mcpforge.cli.console import Console
    from mcpforge.operations.info import Info

NAME = "info"


def run(context: typer.Context) -> None:
    """Show what this project is made of, and what was edited."""
    from mcpforge.catalog.installed import load
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
        *_made_with(found),
    ]
    for name, by in sorted(found.implied.items()):
        lines.append(f"            {name} (implied by {', '.join(by)})")
    for prefix, item in sorted(found.lock.third_parties.items()):
        source = f"{item.package} {item.version}" if item.package else f"a folder ({prefix}-…)"
        gone = " (not installed)" if set(item.features) & set(found.missing) else ""
        lines.append(f"            {', '.join(item.features)} from {source}{gone}")
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
    origin = found.lock.origin
    console.result(
        {
            "root": str(found.root),
            "answers": answers_data(answers),
            "implied": {key: list(by) for key, by in found.implied.items()},
            "version": found.lock.version,
            "templates": found.lock.templates,
            "template": asdict(origin) if origin else None,
            "current": found.current,
            "interrupted": found.interrupted,
            "third_parties": {
                prefix: asdict(item) for prefix, item in sorted(found.lock.third_parties.items())
            },
            "missing": list(found.missing),
            "files": {
                path: {"ownership": file.ownership, "state": found.files[path]}
                for path, file in found.lock.files.items()
            },
        }
    )


def _made_with(found: Info) -> list[str]:
    """Return the lines for what a project was made with: our templates, or one of Copier."""
    from mcpforge.render.filters import oneline

    version, origin = found.lock.version, found.lock.origin
    features = f"  features  {', '.join(sorted(found.lock.answers.features)) or 'none'}"
    if origin is None:
        stale = "" if found.current else " (newer or older templates are installed)"
        return [f"  mcpforge  {version}{stale}", features]
    answers = [
        f"            {name} = {oneline(str(value))}"
        for name, value in sorted(origin.answers.items())
    ]
    lines = [
        f"  mcpforge  {version}",
        f"  template  {origin.source} {origin.commit}".rstrip(),
        *answers,
    ]
    return [*lines, features] if origin.slots else lines

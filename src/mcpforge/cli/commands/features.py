"""`mcpforge features`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Optional

import typer

if TYPE_CHECKING:
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer, Option
    from mcpforge.cli.console import Console

NAME = "features"


def run(
    context: typer.Context,
    identifier: Optional[str] = typer.Argument(None, metavar="ID", help="One feature in full."),
    schema: bool = typer.Option(False, "--schema", help="A JSON Schema of all answers."),
) -> None:
    """Show what can be chosen."""
    from mcpforge.catalog.installed import load
    from mcpforge.operations.features import feature_data

    console: Console = context.obj
    catalog = load()
    if schema:
        from mcpforge.operations.schema import answers_schema

        document = answers_schema(catalog)
        console.data(json.dumps(document, indent=2, ensure_ascii=False))
        console.result({"schema": document})
    elif identifier is not None:
        feature = catalog.feature(identifier)
        console.data("\n".join(_feature_lines(catalog, feature)))
        console.result(feature_data(catalog, feature))
    else:
        _show_all(console, catalog)
        console.result(
            {
                "groups": [
                    {
                        "id": group.id,
                        "title": group.title,
                        "takes": group.takes,
                        "default": group.default,
                        "features": [feature_data(catalog, f) for f in catalog.members(group.id)],
                    }
                    for group in catalog.groups.values()
                ],
                "presets": {name: list(catalog.preset(name)) for name in catalog.presets},
                "refused": [
                    {"prefix": prefix, "message": error.message, "hint": error.hint}
                    for prefix, error in sorted(catalog.refusals.items())
                ],
            }
        )
        for _, error in sorted(catalog.refusals.items()):
            console.say(f"\n{console.style('left out:', 'yellow')} {error.message}")


def _show_all(console: Console, catalog: Catalog) -> None:
    width = max(map(len, catalog.features))
    lines = []
    for group in catalog.groups.values():
        takes = "choose one" if group.takes == "one" else "choose any"
        lines += ["", f"{console.style(group.title, 'bold', err=False)} ({group.id}, {takes})"]
        for feature in catalog.members(group.id):
            name = console.style(f"{feature.id:<{width}}", "cyan", err=False)
            origin = f" (from {feature.origin.label})" if feature.origin else ""
            lines.append(f"  {name}  {feature.summary}{origin}")
    lines += ["", console.style("Presets", "bold", err=False)]
    for name, preset in catalog.presets.items():
        lines.append(
            f"  {console.style(f'{name:<{width}}', 'cyan', err=False)}  {preset['summary']}"
        )
    console.data("\n".join(lines[1:]))


def _feature_lines(catalog: Catalog, feature: Layer) -> list[str]:
    from mcpforge.operations.features import feature_data

    data = feature_data(catalog, feature)
    lines = [f"{feature.title} ({feature.id}, group {feature.group})", f"  {feature.summary}"]
    if feature.origin:
        lines += ["", f"Written by a third party: {feature.origin.label}"]
    if feature.description:
        lines += ["", *(f"  {line}" for line in feature.description.strip().splitlines())]
    if feature.options:
        lines += ["", "Options (--set):"]
        lines += [f"  {feature.id}.{_option_text(option)}" for option in feature.options.values()]
    if data["settings"]:
        lines += ["", "Settings:"]
        lines += [f"  {item['name']} ({item['type']})  {item['help']}" for item in data["settings"]]
    for group, default in data["requires_group"].items():
        lines += ["", f"Requires: any of {group} (else {default})"]
    for label in ("Requires", "Excludes", "Dependencies", "Presets"):
        if data[label.lower()]:
            lines += ["", f"{label}: {', '.join(data[label.lower()])}"]
    return [*lines, "", f"Add it: mcpforge new my-server --with {feature.id}"]


def _option_text(option: Option) -> str:
    kind = "|".join(option.choices) or option.type
    default = ",".join(option.default) if option.type == "list" else option.default
    shown = str(default).lower() if isinstance(default, bool) else default
    return f"{option.name}={shown}  ({kind})  {option.help}"

"""`mcpforge new`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import typer

from mcpforge.errors import ForgeError, UsageError

if TYPE_CHECKING:
    from mcpforge.cli.console import Console
    from mcpforge.operations.choices import Request
    from mcpforge.operations.new import NewProject, Written

NAME = "new"
TREE_LINES = 40
_LISTED = ("tools", "resources", "templates", "prompts")


def run(
    context: typer.Context,
    path: Optional[str] = typer.Argument(
        None, help="Folder of the project; its last part is the name."
    ),
    name: Optional[str] = typer.Option(None, help="Name of the project, command and package."),
    title: Optional[str] = typer.Option(None, help="Name for people."),
    description: Optional[str] = typer.Option(None, help="What the server does; agents read it."),
    author: Optional[str] = typer.Option(None, help="`Name <mail>`; else what git knows."),
    license: Optional[str] = typer.Option(None, help="MIT, Apache-2.0, BSD-3-Clause or none."),
    python: Optional[str] = typer.Option(None, help="Oldest Python: 3.11, 3.12, 3.13 or 3.14."),
    preset: Optional[str] = typer.Option(None, help="minimal, standard or production."),
    include: Optional[list[str]] = typer.Option(
        None, "--with", metavar="[GROUP=]FEATURE", help="Add a feature; may be repeated."
    ),
    exclude: Optional[list[str]] = typer.Option(
        None, "--without", metavar="FEATURE|GROUP", help="Leave one of the preset out."
    ),
    options: Optional[list[str]] = typer.Option(
        None, "--set", metavar="FEATURE.OPTION=VALUE", help="Set an option; may be repeated."
    ),
    answers: Optional[str] = typer.Option(
        None, metavar="FILE|-", help="Answers as TOML or JSON; see `mcpforge features --schema`."
    ),
    git: bool = typer.Option(True, "--git/--no-git", help="Make a repository and first commit."),
    env: bool = typer.Option(True, "--env/--no-env", help="Write generated secrets to `.env`."),
    install: bool = typer.Option(False, "--install", help="Run `uv sync`."),
    verify: bool = typer.Option(
        False, "--verify", help="Install, start and list the server; undo all if that fails."
    ),
    template: Optional[str] = typer.Option(
        None, metavar="SRC", help="A Copier template: a folder, a git URL, or `gh:OWNER/NAME`."
    ),
    ref: Optional[str] = typer.Option(None, help="Tag, branch or commit of the template."),
    data: Optional[list[str]] = typer.Option(
        None, metavar="NAME=VALUE", help="An answer for the template; may be repeated."
    ),
    trust: bool = typer.Option(
        False, "--trust", help="Let the template run its tasks and extensions."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show the plan, write nothing."),
    diff: bool = typer.Option(False, "--diff", help="Show the plan as a diff, write nothing."),
) -> None:
    """Make a new project.

    In a terminal it asks for what was not given; `--yes` takes the defaults.
    """
    from mcpforge.cli.answering import read_answers

    console: Console = context.obj
    if template is not None:
        own = (name, title, description, author, license, python, preset, include, exclude, options)
        _refuse_own(own)
        from mcpforge.cli.templating import Finish, Template, new_from_template

        new_from_template(
            console,
            path,
            Template(template, ref, data or (), trust),
            {} if answers is None else read_answers(answers),
            Finish(git, install, verify, dry_run, diff),
        )
        return
    if ref or data or trust:
        raise UsageError(
            "`--ref`, `--data` and `--trust` go with `--template`",
            hint="For example `mcpforge new weather --template gh:OWNER/NAME`.",
        )
    from mcpforge.catalog.installed import load
    from mcpforge.operations.choices import Request, decide
    from mcpforge.operations.new import prepare, same_command
    from mcpforge.project.git import identity

    catalog = load()
    request = Request(
        name=name if name is not None else _last_part(path),
        title=title,
        description=description,
        author=author,
        license=license,
        python=python,
        preset=preset,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        options=tuple(options or ()),
        answers={} if answers is None else read_answers(answers),
    )
    known_author = request.author is not None or "author" in request.answers
    machine_author = "" if known_author else identity(Path.cwd())
    if console.interactive and os.environ.get("TERM") != "dumb" and _has_questions(request):
        from mcpforge.cli.wizard import Place, ask

        request = ask(
            request,
            catalog,
            author=machine_author,
            year=_this_year(),
            place=Place(path, _flags(git=git, env=env), console.base),
            color=console.color(),
        )
    if not (request.name or request.answers.get("name")):
        raise UsageError(
            "A project needs a name", hint="Give a folder (`mcpforge new my-server`) or `--name`."
        )
    decided = decide(catalog, request, author=machine_author, year=_this_year())
    project = prepare(console.base / (path or decided.name), decided, catalog)
    if dry_run or diff:
        _show_plan(console, project, as_diff=diff)
        return
    command = same_command(project, catalog, flags=_flags(git=git, env=env))
    _write(console, project, command, git=git, env=env, install=install, verify=verify)


def _refuse_own(given: tuple[object, ...]) -> None:
    if any(value is not None for value in given):
        raise UsageError(
            "With `--template` the template asks its own questions",
            hint="Answer them by `--data NAME=VALUE`; features are added afterwards, where the "
            "template takes them.",
        )


def _flags(*, git: bool, env: bool) -> tuple[str, ...]:
    return (*(() if git else ("--no-git",)), *(() if env else ("--no-env",)))


def _last_part(path: str | None) -> str | None:
    return Path(os.path.realpath(path)).name if path else None


def _this_year() -> int:
    import time

    return time.localtime().tm_year


def _has_questions(request: Request) -> bool:
    """Whether nothing but the place and the texts was given: then the choice is asked for."""
    chosen = (request.preset, request.include, request.exclude, request.options, request.answers)
    return not any(chosen)


def _show_plan(console: Console, project: NewProject, *, as_diff: bool) -> None:
    from mcpforge.cli.changing import plan_lines
    from mcpforge.cli.views import plan_data
    from mcpforge.project.apply import occupied
    from mcpforge.project.diff import diff_lines

    taken = occupied(project.root)
    lines = (
        diff_lines(project.root, project.plan)
        if as_diff
        else plan_lines(console, project.plan, err=False)
    )
    console.data("\n".join(lines))
    console.say(f"\nNothing was written: {len(project.plan.changes)} files in `{project.root}`")
    if taken:
        console.say(f"This would be refused: `{project.root}` holds `{taken}`")
    console.result({**_summary(project), "changes": plan_data(project.plan), "written": False})


def _summary(project: NewProject) -> dict[str, Any]:
    from mcpforge.project.lock import answers_data

    return {
        "path": str(project.root),
        "answers": answers_data(project.answers),
        "features": list(project.rendered.selection.ids),
        "implied": {key: list(by) for key, by in project.rendered.selection.implied_by.items()},
    }


def _write(
    console: Console,
    project: NewProject,
    command: str,
    *,
    git: bool,
    env: bool,
    install: bool,
    verify: bool,
) -> None:
    from dataclasses import asdict

    from mcpforge.operations.new import write

    if install or verify:
        console.say("Installing with `uv sync` …")
    written = write(
        project,
        with_git=git,
        with_env=env,
        install=install,
        verify=verify,
    )
    steps = _next_steps(project, elsewhere=console.flags.directory is not None)
    _show_written(console, project, written, command, steps)
    console.result(
        {
            **_summary(project),
            "written": True,
            "git": written.git.state if written.git else "off",
            "env": list(written.env),
            "command": command,
            "next_steps": steps,
            "listing": asdict(written.listing) if written.listing else None,
        }
    )


def _next_steps(project: NewProject, *, elsewhere: bool) -> list[str]:
    from mcpforge.operations.environment import required_values
    from mcpforge.operations.new import typed

    steps = []
    if elsewhere or os.path.realpath(project.root) != str(Path.cwd()):
        steps.append(f"cd {typed(project.root)}")
    if required_values(project.root, project.rendered.slots.settings):
        steps.append("cat .env.example >> .env")  # comments only; what `.env` holds stays
    steps.extend(project.next_steps)
    steps.append("uv run pytest")
    steps.append(f"uv run {project.answers.name}")
    return steps


def _show_written(
    console: Console,
    project: NewProject,
    written: Written,
    command: str,
    steps: list[str],
) -> None:
    from mcpforge.cli.views import origin_lines, tree_lines

    lines = tree_lines(
        f"{project.root}/", [change.path for change in project.plan.changes], TREE_LINES
    )
    console.say("\n".join(lines))
    if written.recovered:
        console.say(f"\nAn earlier write was cut short; what it left was {written.recovered}")
    done = console.style("Created", "green", "bold")
    console.say(f"\n{done} `{project.answers.name}` with {_features_text(project)}")
    for name, by in sorted(project.rendered.selection.implied_by.items()):
        console.say(f"`{name}` is implied by {', '.join(f'`{one}`' for one in by)}")
    for line in origin_lines(project.rendered):
        console.say(line)
    if written.env:
        console.say(f"`.env` holds new secrets: {', '.join(written.env)}")
    if written.git and written.git.reason:
        console.say(f"No first commit: {written.git.reason}")
        console.say(f"When that is settled: `{written.git.command}`")
    if written.listing:
        counts = (f"{len(getattr(written.listing, key))} {key}" for key in _LISTED)
        console.say(f"Verified: a client lists {', '.join(counts)}")
    missing = _missing(project)
    if missing:
        console.say(f"Settings that only you can give, in `.env`: {', '.join(missing)}")
    console.say(f"\nThe same again:\n  {command}")
    console.say("\nNext:\n" + "\n".join(f"  {step}" for step in steps))


def _missing(project: NewProject) -> list[str]:
    from mcpforge.operations.environment import required_values

    try:
        return [item.env for item in required_values(project.root, project.rendered.slots.settings)]
    except ForgeError:
        return []


def _features_text(project: NewProject) -> str:
    ids = project.rendered.selection.ids
    if not ids:
        return "one tool and its tests"
    return f"{len(ids)} feature{'s' if len(ids) > 1 else ''}: {', '.join(ids)}"

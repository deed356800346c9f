"""`new` and `update` with a Copier template: what is asked, what is said, what is written."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcpforge.cli.changing import Mode
    from mcpforge.cli.console import Console
    from mcpforge.operations.foreign import ForeignProject
    from mcpforge.operations.new import Written

_TREE_LINES = 40


@dataclass(frozen=True, slots=True)
class Template:
    """A template as the command line names it."""

    source: str
    ref: str | None = None
    data: Sequence[str] = ()
    trust: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """What is done with a new project beside writing it."""

    git: bool = True
    install: bool = False
    verify: bool = False
    dry_run: bool = False
    diff: bool = False


def new_from_template(
    console: Console,
    path: str | None,
    template: Template,
    answers: Mapping[str, Any],
    finish: Finish,
) -> None:
    """Make a project from a Copier template.

    `answers` are those of `--answers`; raises `UsageError` without a folder, and what Copier's
    template brings about.
    """
    from mcpforge.catalog.installed import load
    from mcpforge.operations.foreign import Wish, prepare, read_data
    from mcpforge.project.apply import check_free

    interactive = console.interactive and os.environ.get("TERM") != "dumb"
    if path is None and interactive:
        from mcpforge.cli.wizard import ask_folder

        path = ask_folder(color=console.color())
    if not path:
        raise UsageError(
            "A project needs a folder", hint="Give one: `mcpforge new my-server --template …`."
        )
    root = console.base / path
    showing = finish.dry_run or finish.diff
    if not showing:
        check_free(root)
    wish = Wish(
        source=template.source,
        ref=template.ref or "",
        data={**answers, **read_data(template.data)},
        trust=template.trust,
        interactive=interactive,
    )
    console.say(f"Fetching the template `{template.source}` …")
    foreign = prepare(root, wish, load(), console.say)
    foreign = replace(foreign, flags=() if finish.git else ("--no-git",))
    if showing:
        _show_plan(console, foreign, as_diff=finish.diff)
        return
    if interactive:
        from mcpforge.cli.wizard import confirm_creation

        _show_tree(console, foreign)
        console.say(f"\nThe same without questions:\n  {foreign.command}\n")
        confirm_creation(len(foreign.produced.real), str(root), color=console.color())
    _write(console, foreign, finish, shown=interactive)


def _show_tree(console: Console, foreign: ForeignProject) -> None:
    from mcpforge.cli.views import tree_lines

    lines = tree_lines(f"{foreign.project.root}/", foreign.produced.real, _TREE_LINES)
    console.say("\n".join(lines))


def _show_plan(console: Console, foreign: ForeignProject, *, as_diff: bool) -> None:
    from mcpforge.cli.changing import plan_lines
    from mcpforge.cli.views import plan_data
    from mcpforge.project.diff import diff_lines

    project = foreign.project
    lines = (
        diff_lines(project.root, project.plan)
        if as_diff
        else plan_lines(console, project.plan, err=False)
    )
    console.data("\n".join(lines))
    _say_notes(console, foreign)
    console.say(f"\nNothing was written: {len(project.plan.changes)} files in `{project.root}`")
    console.result({**_summary(foreign), "changes": plan_data(project.plan), "written": False})


def _say_notes(console: Console, foreign: ForeignProject) -> None:
    for note in foreign.project.plan.notes:
        console.say(f"{console.style('note:', 'dim')} {note}")


def _summary(foreign: ForeignProject) -> dict[str, Any]:
    from dataclasses import asdict

    from mcpforge.project.lock import answers_data

    made = foreign.produced
    return {
        "path": str(foreign.project.root),
        "answers": answers_data(foreign.project.answers),
        "template": {
            "source": foreign.wish.source,
            "ref": foreign.wish.ref,
            "commit": made.commit,
            "version": made.version,
            "answers": dict(made.data),
            "runs": asdict(made.unsafe),
        },
        "notes": list(foreign.project.plan.notes),
    }


def _write(console: Console, foreign: ForeignProject, finish: Finish, *, shown: bool) -> None:
    from dataclasses import asdict

    from mcpforge.operations.new import write

    project = foreign.project
    if finish.install or finish.verify:
        console.say("Installing with `uv sync` …")
    written = write(
        project,
        with_git=finish.git,
        with_env=False,
        install=finish.install,
        verify=finish.verify,
    )
    if not shown:
        _show_tree(console, foreign)
    steps = _next_steps(foreign, elsewhere=console.flags.directory is not None)
    _tell(console, foreign, written, steps)
    console.result(
        {
            **_summary(foreign),
            "written": True,
            "git": written.git.state if written.git else "off",
            "command": foreign.command,
            "next_steps": steps,
            "listing": asdict(written.listing) if written.listing else None,
        }
    )


def _next_steps(foreign: ForeignProject, *, elsewhere: bool) -> list[str]:
    from mcpforge.operations.new import typed

    root = foreign.project.root
    there = not elsewhere and root.resolve() == Path.cwd()
    steps = [] if there else [f"cd {typed(root)}"]
    return [*steps, "mcpforge info"]


def _tell(console: Console, foreign: ForeignProject, written: Written, steps: list[str]) -> None:
    made = foreign.produced
    _say_notes(console, foreign)
    if written.recovered:
        console.say(f"\nAn earlier write was cut short; what it left was {written.recovered}")
    done = console.style("Created", "green", "bold")
    which = f" {made.commit}" if made.commit else ""
    console.say(
        f"\n{done} `{foreign.project.answers.name}` from `{foreign.wish.source}`{which}: "
        f"{len(made.real)} files"
    )
    if written.git and written.git.reason:
        console.say(f"No first commit: {written.git.reason}")
        console.say(f"When that is settled: `{written.git.command}`")
    console.say(f"\nThe same again:\n  {foreign.command}")
    console.say("\nNext:\n" + "\n".join(f"  {step}" for step in steps))


def update_from_template(
    console: Console, template: Template, mode: Mode, *, keep: bool = False
) -> None:
    """Bring the project of this folder to another version of its template, or other answers.

    `keep` stays with the version that it has.
    """
    from mcpforge.catalog.installed import load
    from mcpforge.cli.changing import finish
    from mcpforge.operations.foreign import Wish, read_data, require_foreign
    from mcpforge.operations.foreign_update import plan_update
    from mcpforge.operations.opening import open_for

    mode = mode.checked()
    root, lock = open_for(console.say, Path.cwd(), writing=not (mode.dry_run or mode.diff))
    origin = require_foreign(lock)
    wish = Wish(
        source=template.source,
        ref=template.ref or "",
        data=read_data(template.data),
        trust=template.trust,
        interactive=console.interactive and os.environ.get("TERM") != "dumb",
        keep=keep,
    )
    console.say(f"Fetching the template `{template.source or origin.source}` …")
    change, new = plan_update(root, lock, wish, load(), console.say)
    before = origin.commit or "an unversioned state"
    now = new.commit or "the template as it is"
    done = f"Updated from {before} to {now}"
    if before == now:
        done = f"Updated to other answers of {now}" if template.data else f"Updated to {now} again"
    finish(console, change, mode, done, f"the project has {now}")

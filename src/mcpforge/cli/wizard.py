"""The questions of `mcpforge new` in a terminal: name, preset, features, and a last look."""

from __future__ import annotations

import os
import sys
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import questionary
from prompt_toolkit.application import create_app_session, get_app_session
from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from mcpforge.characters import escape_unseen
from mcpforge.cli.chooser import choose, ignore_mouse
from mcpforge.cli.chooser_state import Choices
from mcpforge.errors import ForgeError
from mcpforge.operations.choices import decide
from mcpforge.operations.new import prepare, same_command
from mcpforge.project import journal
from mcpforge.project.apply import check_free

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPressEvent
    from prompt_toolkit.output import Output

    from mcpforge.answers import Answers
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.operations.choices import Request

_NAME = "my-server"
_CREATE, _CHANGE, _LEAVE = "create", "change", "leave"
_STYLE = questionary.Style(
    [
        ("qmark", "fg:ansicyan bold"),
        ("question", "bold"),
        ("answer", "fg:ansigreen"),
        ("pointer", "bold"),
        ("highlighted", "bold"),
        ("selected", "noinherit"),
        ("placeholder", "fg:ansigray"),
        ("validation-toolbar", "noinherit fg:ansired"),
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the project goes, and the flags beside the choices, as the user typed them."""

    path: str | None = None
    flags: tuple[str, ...] = ()
    base: Path = Path()

    def root(self, name: str) -> Path:
        """Return the folder of a project with this name."""
        return self.base / (self.path or name)


def ask(
    request: Request,
    catalog: Catalog,
    *,
    author: str,
    year: int,
    place: Place | None = None,
    color: bool = True,
) -> Request:
    """Ask for what the request leaves open, and return it with the answers.

    `author` and `year` are the defaults of this machine. Raises `KeyboardInterrupt` or `EOFError`
    when the user leaves, `ForgeError` when what was given on the command line is not right: that is
    said before the first question.
    """
    session = _Session(request, catalog, author, year, place or Place())
    session.check()
    with create_app_session(output=_output(color=color)):
        return session.run()


@dataclass(slots=True)
class _Session:
    request: Request
    catalog: Catalog
    author: str
    year: int
    place: Place

    def check(self) -> None:
        """Refuse what can't become a project whatever is answered."""
        if self.request.name is None:
            self.decided(replace(self.request, name=_NAME))
        else:
            self.decided(self.request)
            _refuse_taken(self.place.root(self.request.name))

    def run(self) -> Request:
        if self.request.name is None:
            self.request = replace(self.request, name=self.ask_name())
        self.request = replace(self.request, preset=self.ask_preset())
        choices = Choices(self.catalog, self.decided(self.request))
        while True:
            choose(choices)
            request = self.chosen(choices)
            answer = self.ask_whether(request)
            if answer == _CREATE:
                return request
            if answer == _LEAVE:
                raise KeyboardInterrupt

    def decided(self, request: Request) -> Answers:
        return decide(self.catalog, request, author=self.author, year=self.year)

    def chosen(self, choices: Choices) -> Request:
        """Return the request with the chosen features as differences to the preset."""
        base = set(self.catalog.preset(self.request.preset or ""))
        return replace(
            self.request,
            include=tuple(sorted(choices.chosen - base)),
            exclude=tuple(sorted(base - choices.chosen)),
        )

    def ask_name(self) -> str:
        proposed = self.proposed_name()
        question = questionary.text(
            "Name of the project:",
            validate=lambda text: self.name_problem(text) or True,
            validate_while_typing=True,
            placeholder=[("class:placeholder", proposed)],
            style=_STYLE,
        )
        answer = str(_run(question)) or proposed
        return answer

    def proposed_name(self) -> str:
        names = [_NAME, *(f"{_NAME}-{number}" for number in range(2, 100))]
        return next((name for name in names if not self.name_problem(name)), _NAME)

    def name_problem(self, name: str) -> str:
        """Return what speaks against a name, or nothing; no name stands for the proposed one."""
        if not name:
            return ""
        try:
            self.decided(replace(self.request, name=name))
            _refuse_taken(self.place.root(name))
        except ForgeError as error:
            # One line has to do, so what helps goes first: a narrow terminal cuts the rest.
            hint = f"{error.hint.replace('--name ', '')} " if "--name" in error.hint else ""
            return escape_unseen(f"{hint}{error.message}")
        return ""

    def ask_preset(self) -> str:
        width = max(len(name) for name in self.catalog.presets)
        question = questionary.select(
            "Preset:",
            choices=[
                questionary.Choice(f"{name:<{width}}  {preset['summary']}", value=name)
                for name, preset in self.catalog.presets.items()
            ],
            instruction="(the features come next, and can be changed there)",
            style=_STYLE,
        )
        return str(_run(question))

    def ask_whether(self, request: Request) -> str:
        answers = self.decided(request)
        root = self.place.root(answers.name)
        project = prepare(root, answers, self.catalog)
        command = same_command(project, self.catalog, flags=self.place.flags)
        features = ", ".join(project.rendered.selection.ids) or "none beside the tool"
        columns = get_app_session().output.get_size().columns
        lines = textwrap.wrap(features, max(20, columns - 3), break_on_hyphens=False)
        questionary.print("\n".join(["", "Features:", *(f"  {line}" for line in lines)]))
        questionary.print(f"\nThe same without questions:\n  {command}\n")
        question = questionary.select(
            f"Create {len(project.rendered.tree)} files in {root}?",
            choices=[
                questionary.Choice("Create it", value=_CREATE),
                questionary.Choice("Change the features", value=_CHANGE),
                questionary.Choice("Leave, write nothing", value=_LEAVE),
            ],
            instruction=" ",
            style=_STYLE,
        )
        return str(_run(question))


def ask_folder(*, color: bool = True) -> str:
    """Ask for the folder of a project from a Copier template; raises as `ask`."""
    with create_app_session(output=_output(color=color)):
        question = questionary.text(
            "Folder of the project:",
            validate=lambda text: _folder_problem(text) or True,
            style=_STYLE,
        )
        return str(_run(question))


def _folder_problem(text: str) -> str:
    if not text.strip():
        return "A project needs a folder"
    try:
        _refuse_taken(Path(text))
    except ForgeError as error:
        return error.message
    return ""


def confirm_creation(count: int, root: str, *, color: bool = True) -> None:
    """Ask whether to write the files; raises `KeyboardInterrupt` where the user leaves instead."""
    with create_app_session(output=_output(color=color)):
        question = questionary.select(
            f"Create {count} files in {root}?",
            choices=[
                questionary.Choice("Create it", value=_CREATE),
                questionary.Choice("Leave, write nothing", value=_LEAVE),
            ],
            instruction=" ",
            style=_STYLE,
        )
        if _run(question) == _LEAVE:
            raise KeyboardInterrupt


def _run(question: questionary.Question) -> object:
    """Ask; Ctrl-C, its signal and Ctrl-D leave, whatever the kind of question."""
    keys = KeyBindings()
    ignore_mouse(keys)

    @keys.add("c-c", eager=True)
    @keys.add("<sigint>", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    @keys.add("c-d", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=EOFError, style="class:exiting")

    @keys.add("<bracketed-paste>", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(" ".join(event.data.splitlines()))

    application = question.application
    present = application.key_bindings
    application.key_bindings = merge_key_bindings([*([present] if present else []), keys])
    return question.unsafe_ask()


def _refuse_taken(root: Path) -> None:
    """Refuse a place that is taken; a project that was cut short there is settled by writing."""
    if not journal.pending(root):
        check_free(root)


def _output(*, color: bool) -> Output:
    depth = None if color else ColorDepth.DEPTH_1_BIT
    return Vt100_Output.from_pty(sys.stderr, os.environ.get("TERM"), default_color_depth=depth)

"""The screen on which features are chosen: keys → state → picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.application import Application
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.styles import Style

from mcpforge.cli.chooser_frame import STYLES, draw, preview_lines

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyPressEvent

    from mcpforge.cli.chooser_state import Choices

_PAGE = 8
_ABOVE = 3  # lines of the tree that stay in view above the first change


def choose(choices: Choices) -> None:
    """Let the user choose; returns when the choice is one that a project can be made of.

    Raises `KeyboardInterrupt` or `EOFError` when the user leaves.
    """

    def picture() -> StyleAndTextTuples:
        size = application.output.get_size()
        pieces: StyleAndTextTuples = []
        for line in draw(choices, size.columns, size.rows):
            pieces += [*line, ("", "\n")]
        return pieces[:-1]

    application: Application[None] = Application(
        layout=Layout(Window(FormattedTextControl(picture, focusable=True, show_cursor=False))),
        key_bindings=_keys(choices),
        style=Style.from_dict(STYLES),
        full_screen=True,
    )
    application.run()


def ignore_mouse(keys: KeyBindings) -> None:
    """Let go what looks like an event of a mouse: prompt_toolkit fails on one that is none."""
    keys.add("<vt100-mouse-event>", eager=True)(lambda _: None)


def _keys(choices: Choices) -> KeyBindings:
    """Return what the keys do; a handler gets the event and may end the application."""
    end = len(choices.rows)
    moves = {"up": -1, "k": -1, "c-p": -1, "down": 1, "j": 1, "c-n": 1, "home": -end, "end": end}
    jumps = {"left": -1, "s-tab": -1, "right": 1, "tab": 1}
    scrolls = {"pageup": -_PAGE, "pagedown": _PAGE}
    leaving = {"c-c": KeyboardInterrupt, "<sigint>": KeyboardInterrupt, "c-d": EOFError}
    keys = KeyBindings()
    ignore_mouse(keys)
    for key, steps in moves.items():
        keys.add(key)(lambda _, steps=steps: choices.move(steps))
    for key, direction in jumps.items():
        keys.add(key)(lambda _, direction=direction: choices.jump(direction))
    for key, lines in scrolls.items():
        keys.add(key)(lambda _, lines=lines: _scroll(choices, lines))
    for key, exception in leaving.items():
        keys.add(key)(lambda event, exception=exception: event.app.exit(exception=exception))
    keys.add("space")(lambda _: _toggle(choices))
    keys.add("enter")(lambda event: _finish(choices, event))
    return keys


def _scroll(choices: Choices, lines: int) -> None:
    choices.scroll += lines


def _toggle(choices: Choices) -> None:
    """Toggle the pointed feature, and bring what it changes into the preview."""
    choices.toggle()
    marks = [mark for mark, _ in preview_lines(choices)]
    changed = [number for number, mark in enumerate(marks) if mark != " "]
    if changed:
        choices.scroll = max(0, changed[0] - _ABOVE)


def _finish(choices: Choices, event: KeyPressEvent) -> None:
    if choices.outcome.error:
        event.app.output.bell()
    else:
        event.app.exit()

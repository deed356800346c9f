"""The verbs from answers to answers, and what is said of them."""

from __future__ import annotations

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.operations.verbs import Addition, added, removed

START = Answers(name="demo")


def test_what_comes_along_is_named() -> None:
    edit = added(START, load(), ["google", "timing"], Addition())
    assert edit.done == "Added `google`, `timing`, and `filetree` with it"
    assert added(START, load(), ["timing"], Addition()).done == "Added `timing`"


def test_what_goes_along_is_named() -> None:
    answers = added(START, load(), ["google", "timing"], Addition()).answers
    edit = removed(answers, load(), ["filetree"], cascade=True)
    assert edit.done == "Removed `filetree`, and `google` with it"
    assert edit.answers.features == ("timing",)
    assert removed(answers, load(), ["google"]).done == "Removed `google`, and `filetree` with it"

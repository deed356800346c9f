"""Wrong code is found on its line and named right; right code is left alone."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from mcpforge.inspection.findings import rules
from mcpforge.inspection.inspect import inspect_source

SAMPLES = Path(__file__).parent / "samples"
MARKED = re.compile(r"# ! (MF\d+(?: MF\d+)*)$")
WRONG = sorted([*(SAMPLES / "wrong").iterdir(), *(SAMPLES / "tutorial").iterdir()])
RIGHT = sorted((SAMPLES / "right").iterdir())
FROM_FILES = {"MF001", "MF002", "MF003", "MF004", "MF951", "MF952"}


def marks(text: str) -> Counter[tuple[int, str]]:
    """Return what a sample says about itself: the codes in the comments of its lines."""
    found: Counter[tuple[int, str]] = Counter()
    for number, line in enumerate(text.split("\n"), 1):
        if mark := MARKED.search(line):
            found.update((number, code) for code in mark[1].split())
    return found


@pytest.mark.parametrize("sample", WRONG, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_wrong_code_is_found_on_its_line_and_nothing_else(sample: Path) -> None:
    text = sample.read_text(encoding="utf-8")
    findings = inspect_source(text, "sample.py")
    assert Counter((finding.line, finding.code) for finding in findings) == marks(text)


@pytest.mark.parametrize("sample", RIGHT, ids=lambda path: path.stem)
def test_right_code_has_no_finding(sample: Path) -> None:
    assert inspect_source(sample.read_text(encoding="utf-8"), "sample.py") == []


def test_every_rule_has_a_sample() -> None:
    shown = {code for sample in WRONG for _, code in marks(sample.read_text(encoding="utf-8"))}
    assert shown | FROM_FILES == rules().keys()


def test_a_finding_says_where_what_why_and_how() -> None:
    [finding] = inspect_source("from fastmcp import FastMCP\na = FastMCP('x', port=1)\n", "a/b.py")
    assert (finding.path, finding.line, finding.column) == ("a/b.py", 2, 18)
    assert (finding.code, finding.severity) == ("MF201", "error")
    assert finding.message == "`FastMCP(...)` takes no `port`."
    assert finding.fix == 'mcp.run(transport="http", port=...)'


@pytest.mark.parametrize("sample", WRONG, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_texts_are_sentences_and_short_lines(sample: Path) -> None:
    for finding in inspect_source(sample.read_text(encoding="utf-8"), "sample.py"):
        assert finding.message.endswith(".")
        assert finding.why.endswith((".", "`"))
        assert "\n" not in finding.fix
        assert not re.search(r"\{\w+\}", finding.message + finding.why), finding
        assert finding.fix

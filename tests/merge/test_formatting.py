"""What counts as another form of a text, and what as written by the user."""

from __future__ import annotations

import pytest

from edit_scripts import EDITS
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.merge.formatting import only_formatted
from mcpforge.render.project import render

PATH = "src/demo/tools/one.py"
TEXT = '''"""One.

Two.
"""

from pathlib import Path

from fastmcp import FastMCP

from ..settings import Settings


def run(settings: Settings, path: Path) -> FastMCP:
    """Run.

    Once.
    """
    # why
    return FastMCP("one", path, settings=settings)
'''


CALL = 'FastMCP("one", path, settings=settings)'
IMPORTS = "from pathlib import Path\n\nfrom fastmcp import FastMCP\n"


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("\n", "\r\n"),
        TEXT.rstrip(),
        TEXT.replace("\n\n\n", "  \n\n\n\n"),
        f"\ufeff{TEXT}",
        TEXT.replace('"one"', "'one'"),
        TEXT.replace("    ", "\t"),
        TEXT.replace(CALL, 'FastMCP(\n"one",\n  path,\n settings=settings,)'),
        TEXT.replace("from ..settings", "from demo.settings"),
        TEXT.replace(IMPORTS, "from fastmcp import (\n    FastMCP,\n)\nfrom pathlib import Path\n"),
    ],
)
def test_another_form(other: str) -> None:
    assert other != TEXT
    assert only_formatted(PATH, TEXT.encode(), other.encode())
    assert only_formatted(PATH, other.encode(), TEXT.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# why", "# why not"),
        ("    # why\n", ""),
        ("Once.", "Twice."),
        ("Two.", "Two.\n\nThree."),
        ('"one"', '"two"'),
        ("import Path", "import Path as P"),
        ("import Path", "import Path, PurePath"),
        ("path, settings", "settings, path"),
        ("..settings", "...settings"),
        ("    return", "    print()\n    return"),
        ("def run", "async def run"),
        ("return FastMCP(", "return FastMCP("[:-1]),
    ],
)
def test_what_a_person_wrote(old: str, new: str) -> None:
    other = TEXT.replace(old, new)
    assert other != TEXT
    assert not only_formatted(PATH, TEXT.encode(), other.encode())


@pytest.mark.parametrize("path", ["README.md", "compose.yaml", "x.toml", ".env.example"])
def test_other_texts_by_their_lines(path: str) -> None:
    assert only_formatted(path, b"a: 1\nb: 2\n", b"a: 1 \r\nb: 2")
    assert not only_formatted(path, b"a: 1\nb: 2\n", b"a:  1\nb: 2\n")
    assert not only_formatted(path, b"a: 1\nb: 2\n", b"a: \xff\nb: 2\n")


@pytest.mark.parametrize("form", ["black 79", "black 120", "two spaces", "imports reversed"])
def test_formatters_on_all_that_is_generated(form: str) -> None:
    answers = Answers(name="demo", title="Demo", description="A demo.", features=("oidc", "redis"))
    for path, file in render(answers, load()).tree.items():
        if path.endswith(".py"):
            edited = EDITS[form](path, file.text)
            assert only_formatted(path, file.content, edited.encode()), path

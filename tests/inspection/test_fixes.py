"""What a finding proposes is run on the installed FastMCP, in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection.test_samples import WRONG
from mcpforge.inspection.findings import removed
from mcpforge.inspection.inspect import inspect_source

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = re.compile(
    r"""call\ an\ LLM|take\ the\ folders|Name\ every|Correct\ |Save\ |Move\ |pip\ install
        |fastmcp\ install|uvicorn\ |FASTMCP_|fastmcp\.json|"fastmcp
        |FastMCP\.from_fastapi|SlidingWindow""",
    re.VERBOSE,
)
"""Commands, settings, advice; and what needs FastAPI or limits, which are not installed here."""
RUNNER = Path(__file__).with_name("fix_runner.py")


def proposed() -> Iterator[str]:
    """Yield the fixes of the tables and those that the wrong samples get, where they are code."""
    for name in ("constructor", "server", "server_arguments", "functions", "context", "client"):
        yield from removed()[name].values()
    yield from removed()["client_arguments"].values()
    for table in ("modules", "names"):
        yield from (fix for fix in removed()[table].values() if not fix.startswith("from "))
    for sample in WRONG:
        for finding in inspect_source(sample.read_text(encoding="utf-8"), "sample.py"):
            yield finding.fix


def code_of() -> list[str]:
    """Return the fixes that can be run; imports are run by test_tables."""
    lines = {fix for fix in proposed() if not WORDS.match(fix)}
    return sorted(fix for fix in lines if not fix.startswith("from "))


@cache
def outcomes() -> dict[str, str | None]:
    """Return what went wrong with each fix, asked in a process of its own."""
    done = subprocess.run(
        [sys.executable, RUNNER],
        input=json.dumps(code_of()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, str | None] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("fix", code_of())
def test_a_proposed_form_runs(fix: str) -> None:
    assert outcomes()[fix] is None

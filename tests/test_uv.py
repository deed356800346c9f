"""uv as everything here runs it: missing, slow, refusing; and in nobody else's environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from mcpforge import uv
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from pathlib import Path

WHAT = "the thing"


def ran(folder: Path, code: str, *, seconds: float = 30.0, without: tuple[str, ...] = ()) -> str:
    """Run code in uv's place and return what it printed."""
    command = [sys.executable, "-c", code]
    done = uv.run(command, folder=folder, seconds=seconds, what=WHAT, without=without)
    uv.check(done, what=WHAT, hint="Look.")
    return done.stdout.strip()


def test_where_it_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ForgeError, match="so the thing can't be") as raised:
        uv.find(WHAT, otherwise=" or do without")
    assert raised.value.code == "no_uv"
    assert raised.value.hint.endswith("in one line or do without.")


def test_where_it_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="took longer than 1 s to install the thing") as raised:
        ran(tmp_path, "import time; time.sleep(60)", seconds=1.0)
    assert raised.value.code == "install"
    assert raised.value.hint


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("error: No such package", "No such package"),
        ("  × No solution found:\n  ╰─▶ Because a\n      there is none.\n more",
         "No solution found: Because a: there is none"),
        ("", "it said nothing"),
    ],
)  # fmt: skip
def test_its_reason_is_passed_on(tmp_path: Path, said: str, reason: str) -> None:
    with pytest.raises(ForgeError) as raised:
        ran(tmp_path, f"import sys; sys.stderr.write({said!r}); sys.exit(2)")
    assert raised.value.message == f"`uv` can't install the thing: {reason}"
    assert raised.value.hint == "Look."


def test_no_environment_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "PYTHONHOME_OF_MINE", "UV_PYTHON", "UV_INDEX"):
        monkeypatch.setenv(name, "mine")
    code = "import os; print(sorted(n for n in os.environ if os.environ[n] == 'mine'), os.getcwd())"
    found = ran(tmp_path, code, without=("UV_PYTHON",))
    assert found == f"['PYTHONHOME_OF_MINE', 'UV_INDEX'] {tmp_path}"

"""The child process: what it gives back, and what ends it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpforge.confine import Child, Limits
from mcpforge.errors import ForgeError

TARGET = f"{__name__}:work"
SMALL = Limits(cpu=1, memory=200 * 1024 * 1024, output=1_000_000)


def work(request: dict[str, Any]) -> Any:  # noqa: C901 - one answer for each kind of request
    """Do in the child what a test asks for."""
    match request:
        case {"do": "echo", "value": value}:
            print("this goes nowhere")  # noqa: T201
            return value
        case {"do": "spin"}:
            while True:
                pass
        case {"do": "power"}:
            return len(str(10 ** (10**9)))
        case {"do": "sleep"}:
            time.sleep(60)
        case {"do": "fill", "size": size}:
            return "a" * size
        case {"do": "end"}:
            os.kill(os.getpid(), signal.SIGSEGV)
        case {"do": "refuse"}:
            raise ForgeError("No", hint="Really not.", code="never")
        case {"do": "deep"}:
            return work(request)
        case {"do": "write", "path": path}:
            with Path(path).open("wb", buffering=0) as file:
                return file.write(b"abc")
        case {"do": "environment"}:
            return [dict(os.environ), str(Path.cwd())]
    raise LookupError(request)


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return how to ask a new child, whose search path has this module."""
    import sys

    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])

    def ask(*requests: dict[str, Any], limits: Limits = SMALL) -> Any:
        with Child("test_confine:work", limits) as started:
            return [started.ask(request, "The work") for request in requests][-1]

    return ask


def test_replies_come_back(child: Any) -> None:
    value = {"text": "ä\u2028\n", "numbers": [1, 2.5, None, True]}
    assert child({"do": "echo", "value": 1}, {"do": "echo", "value": value}) == value


def test_the_child_knows_nothing_of_this_place(child: Any) -> None:
    environment, folder = child({"do": "environment"})
    assert set(environment) <= {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
    assert folder == "/"


def test_an_error_is_an_error_here(child: Any) -> None:
    with pytest.raises(ForgeError, match=r"^No$") as found:
        child({"do": "refuse"})
    assert (found.value.hint, found.value.code) == ("Really not.", "never")
    with pytest.raises(ForgeError, match="LookupError"):
        child({"do": "something"})
    with pytest.raises(ForgeError, match="nests too deeply"):
        child({"do": "deep"})


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"do": "spin"}, "used more than 1 s of CPU"),
        ({"do": "power"}, "used more than 1 s of CPU"),
        ({"do": "fill", "size": 10**9}, "used more than 200 MB of memory"),
        ({"do": "fill", "size": 10**6}, "gave more than 1 MB"),
        ({"do": "end"}, "crashed its process"),
    ],
    ids=["spin", "power", "memory", "output", "crash"],
)
def test_a_breach_ends_it(child: Any, request_: dict[str, Any], said: str) -> None:
    with pytest.raises(ForgeError, match=f"^The work {said}, so it was stopped$") as found:
        child(request_)
    assert found.value.code == "limit"
    assert "1 s of CPU, 200 MB of memory, 5,000 files and 1 MB of output" in found.value.hint


def test_the_limits_count_for_all_replies_together(child: Any) -> None:
    with pytest.raises(ForgeError, match="gave more than 1 MB"):
        child(*[{"do": "fill", "size": 300_000}] * 4)


def test_waiting_is_bounded_too(child: Any) -> None:
    started = time.monotonic()
    with pytest.raises(ForgeError, match="took longer than 1 s"):
        child({"do": "sleep"}, limits=replace(SMALL, wall=1))
    assert time.monotonic() - started < 20


def test_files_are_written_only_where_that_was_allowed(child: Any, tmp_path: Path) -> None:
    request = {"do": "write", "path": str(tmp_path / "x")}
    with pytest.raises(ForgeError, match="OSError"):
        child(request)
    assert (tmp_path / "x").read_bytes() == b""
    assert child(request, limits=replace(SMALL, writes=1000)) == 3


def test_nothing_is_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
    with Child("test_confine:work", SMALL) as started:
        process = started._process
        assert process.poll() is None
    assert process.poll() is not None

"""Errors are data: one sentence, a hint, a code, an exit code."""

from __future__ import annotations

import pytest

from mcpforge.errors import (
    ConflictError,
    ExitCode,
    ForgeError,
    GatewayError,
    UsageError,
    did_you_mean,
)


@pytest.mark.parametrize(
    ("kind", "exit_code", "code"),
    [
        (ForgeError, 1, "refused"),
        (UsageError, 2, "usage"),
        (ConflictError, 3, "conflict"),
        (GatewayError, 4, "gateway"),
    ],
)
def test_each_kind_has_its_exit_code(kind: type[ForgeError], exit_code: int, code: str) -> None:
    error = kind("No", hint="Try again.")
    assert (error.exit_code, error.code, error.message, error.hint) == (
        exit_code,
        code,
        "No",
        "Try again.",
    )


def test_a_code_of_its_own_stays_with_one_error() -> None:
    assert ForgeError("No", code="special").code == "special"
    assert ForgeError("No").code == "refused"


def test_an_interrupt_is_told_from_a_failure() -> None:
    assert int(ExitCode.INTERRUPTED) == 130


@pytest.mark.parametrize(
    ("name", "hint"),
    [("chaching", "Did you mean `caching`? "), ("zzz", ""), ("", "")],
)
def test_did_you_mean(name: str, hint: str) -> None:
    assert did_you_mean(name, ["caching", "logging"]) == hint

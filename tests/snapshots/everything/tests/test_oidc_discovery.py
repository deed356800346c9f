"""The look-up of an identity provider's addresses."""

import httpx2
import pytest

from everything_server.auth.discovery import discovery


@pytest.mark.parametrize("error", [httpx2.ConnectTimeout("slow"), ValueError("no JSON")])
def test_a_failure_is_one_sentence(error: Exception) -> None:
    with (
        pytest.raises(SystemExit, match=r"https://idp\.test \(NAME\) can't be read") as caught,
        discovery("https://idp.test", "NAME"),
    ):
        raise error
    assert "\n" not in str(caught.value)


def test_other_mistakes_are_not_hidden() -> None:
    with pytest.raises(TypeError), discovery("https://idp.test", "NAME"):
        raise TypeError

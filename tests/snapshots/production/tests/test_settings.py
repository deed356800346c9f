"""Settings from the environment."""

import pytest

from production_server.settings import Settings, load_settings


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "PRODUCTION_SERVER_ALLOWED_HOSTS",
        "a.example, b.example:8000",
    )
    assert load_settings().allowed_hosts == ["a.example", "b.example:8000"]


def test_overrides_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRODUCTION_SERVER_PORT", "9000")
    assert Settings().port == 9000
    assert load_settings(port=9001).port == 9001


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRODUCTION_SERVER_PORT", "not-a-port")
    with pytest.raises(SystemExit) as caught:
        load_settings()
    assert "PRODUCTION_SERVER_PORT: " in str(caught.value)
    assert "not-a-port" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "HOST",
        "CONTENT_DIR",
        "METRICS_HOST",
    ],
)
def test_an_empty_address_or_folder_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"PRODUCTION_SERVER_{name}", "")
    with pytest.raises(SystemExit, match=f"{name}: "):
        load_settings()

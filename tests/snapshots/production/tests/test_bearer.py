"""Bearer tokens: who gets in, until when, and how a new one is made."""

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastmcp.server.auth import AccessToken
from fastmcp.utilities.tests import ASGIServer

from production_server.__main__ import main
from production_server.auth.bearer import BearerToken, build_bearer
from production_server.settings import Settings

VARIABLE = "PRODUCTION_SERVER_BEARER_TOKENS"
TODAY = datetime.now(UTC).date()


def entry(token: str, *, name: str = "ci", days: int | None = None, scopes: str = "") -> str:
    digest = hashlib.sha256(token.encode()).hexdigest()
    day = "" if days is None else TODAY + timedelta(days=days)
    return f"{name}:{digest}:{day}:{scopes}"


async def verify(settings: Settings, token: str, *entries: str) -> AccessToken | None:
    verifier = build_bearer(settings.model_copy(update={"bearer_tokens": list(entries)}))
    return await verifier.verify_token(token)


@pytest.mark.parametrize(("sent", "status"), [("token", 200), ("Token", 401), ("", 401)])
async def test_over_http(http: ASGIServer, sent: str, status: int) -> None:
    headers = {
        "Authorization": f"Bearer {sent}",
        "Accept": "application/json, text/event-stream",
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with http.http_client(headers=headers) as raw:
        response = await raw.post("/mcp", json=request)
    assert response.status_code == status


async def test_a_token_has_a_name_and_scopes(settings: Settings) -> None:
    access = await verify(settings, "a", entry("a", name="alice", scopes="read+tools:write"))
    assert access
    assert (access.client_id, access.subject) == ("alice", "alice")
    assert access.scopes == ["read", "tools:write"]
    assert access.expires_at is None


async def test_a_token_is_good_for_its_whole_last_day(settings: Settings) -> None:
    assert await verify(settings, "a", entry("a", days=0))
    assert not await verify(settings, "a", entry("a", days=-1), entry("b"))


async def test_a_token_may_be_good_until_the_end_of_the_calendar(settings: Settings) -> None:
    digest = hashlib.sha256(b"a").hexdigest()
    access = await verify(settings, "a", f"ci:{digest}:9999-12-31:")
    assert access
    assert access.expires_at == 253_402_300_800


async def test_rotation_has_no_gap(settings: Settings) -> None:
    entries = (entry("old", name="ci", days=1), entry("new", name="ci", days=90))
    old, new = [await verify(settings, token, *entries) for token in ("old", "new")]
    assert old
    assert new
    assert old.subject == new.subject


async def test_an_expired_entry_does_not_hide_a_good_one(settings: Settings) -> None:
    assert await verify(settings, "a", entry("a", days=-1), entry("a", days=1))


def test_an_expired_token_is_named_at_the_start(
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        build_bearer(settings.model_copy(update={"bearer_tokens": [entry("a", days=-1)]}))
    assert "'ci' expired" in caplog.text


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "token new --save"),
        (["swordfish"], "entry 1 is wrong"),
        ([f"ci:{'0' * 64}::", f"ci:{'0' * 64}:2026-02-30:"], "entry 2 is wrong"),
    ],
)
def test_wrong_entries_stop_the_start(
    settings: Settings,
    entries: list[str],
    message: str,
) -> None:
    with pytest.raises(SystemExit, match=message) as caught:
        build_bearer(settings.model_copy(update={"bearer_tokens": entries}))
    assert VARIABLE in str(caught.value)
    assert "swordfish" not in str(caught.value)


async def test_a_new_token_is_good(
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["token", "new", "--name", "alice", "--scopes", "read, write", "--days", "7"])
    shown = capsys.readouterr()
    token = shown.out.removesuffix("\n")
    assert token not in shown.err
    line = next(line for line in shown.err.splitlines() if line.startswith(VARIABLE))
    text = line.removeprefix(f"{VARIABLE}=")
    assert BearerToken.parse(text).last_day == TODAY + timedelta(days=7)
    access = await verify(settings, token, text)
    assert access
    assert (access.subject, access.scopes) == ("alice", ["read", "write"])


def test_saved_tokens_stand_side_by_side(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE)
    for days in ("0", "90"):
        main(["token", "new", "--days", days, "--save"])
    tokens = capsys.readouterr().out.split()
    saved = [BearerToken.parse(text).digest for text in Settings().bearer_tokens]
    assert saved == [hashlib.sha256(token.encode()).hexdigest() for token in tokens]
    assert Path(".env").stat().st_mode & 0o077 == 0


def test_saving_changes_nothing_else() -> None:
    Path(".env").write_text("# kept\nOTHER='a b'\n", encoding="utf-8")
    main(["token", "new", "--save"])
    assert Path(".env").read_text(encoding="utf-8").startswith("# kept\nOTHER='a b'\n")


def test_a_name_is_one_word() -> None:
    with pytest.raises(SystemExit, match="single words"):
        main(["token", "new", "--name", "a:b"])


@pytest.mark.parametrize("days", ["-1", "36501", "9999999999"])
def test_a_token_is_not_good_for_ever_by_mistake(
    capsys: pytest.CaptureFixture[str],
    days: str,
) -> None:
    with pytest.raises(SystemExit, match="--days takes 0 to 36500"):
        main(["token", "new", "--days", days, "--save"])
    assert capsys.readouterr().out == ""
    assert not Path(".env").exists()

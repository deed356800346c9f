"""TLS and proxies between mcpforge and a gateway: real certificates, the environment's wishes."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from gateway.broken import broken
from real.certificates import make_certificates
from real.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processes import CommandLine

REMOTE = "https://gateway.invalid"
PROXY = f"http://someone:secret@127.0.0.1:{free_port()}"


@pytest.fixture(autouse=True)
def project(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a project, with a token for the gateway."""
    assert cli("new", "demo", "--no-git", "--yes").code == 0
    monkeypatch.chdir(tmp_path / "demo")
    monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", "the-token")


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[str]:
    """Run a gateway over https at `localhost`, certified by `authority.pem`; give its URL."""
    certificate = make_certificates(tmp_path, ["localhost"], tmp_path / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with broken() as gateway:
        gateway.socket = context.wrap_socket(gateway.socket, server_side=True)
        yield f"https://localhost:{gateway.server_address[1]}"


def refused(cli: CommandLine, url: str, code: str) -> str:
    """Return the hint of a refusal; nothing of a proxy's password is shown."""
    outcome = cli("register", "--dry-run", "--json", "--gateway", url)
    (error,) = outcome.json["errors"]
    assert (outcome.code, error["code"]) == (4, code)
    assert "someone" not in outcome.out
    assert "secret" not in outcome.out
    hint: str = error["hint"]
    return hint


def test_an_authority_that_nobody_knows(
    cli: CommandLine, secure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "SSL_CERT_FILE" in refused(cli, secure, "gateway_down")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    assert cli("register", "--dry-run", "--gateway", secure).code == 0
    other = secure.replace("localhost", "127.0.0.1")  # the certificate is for the name alone
    assert "not for this address" in refused(cli, other, "gateway_down")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "authorities.pem"
    if content:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert "SSL_CERT_FILE" in refused(cli, REMOTE, "certificates")


def test_https_to_a_port_of_plain_http(cli: CommandLine) -> None:
    with broken() as gateway:
        hint = refused(cli, gateway.url.replace("http", "https"), "gateway_down")
    assert "begins with `http://`" in hint


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://someone:secret@proxy", "::"])
def test_a_proxy_that_cannot_be_used(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert "HTTPS_PROXY" in refused(cli, REMOTE, "proxy")
    with broken() as gateway:  # of this machine, so no proxy is asked
        assert cli("register", "--dry-run", "--gateway", gateway.url).code == 0


def test_a_proxy_that_is_down(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    assert "NO_PROXY" in refused(cli, REMOTE, "gateway_down")
    monkeypatch.setenv("NO_PROXY", "gateway.invalid")
    assert "gateway start" in refused(cli, REMOTE, "gateway_down")

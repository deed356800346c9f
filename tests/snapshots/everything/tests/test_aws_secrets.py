"""Settings from AWS Secrets Manager, asked at an endpoint of the test's own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from everything_server.settings import load_settings


class Manager(HTTPServer):
    """Answers every request with one status and body, and keeps what was asked."""

    status = 200
    answer: dict[str, str]
    asked: bytes = b""


class Handler(BaseHTTPRequestHandler):
    """Speaks as AWS does."""

    server: Manager

    def do_POST(self) -> None:
        """Answer."""
        self.server.asked = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.answer).encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """Serve a manager, and name it in the environment."""
    with Manager(("127.0.0.1", 0), Handler) as server:
        values = {
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "EVERYTHING_SERVER_AWS_SECRET_NAME": "production/server",
            "EVERYTHING_SERVER_AWS_SECRET_REGION": "eu-central-1",
            "EVERYTHING_SERVER_AWS_SECRET_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        }
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_secret_holds_settings(manager: Manager) -> None:
    manager.answer = {"SecretString": json.dumps({"port": 9000, "host": "::1"})}
    settings = load_settings()
    assert (settings.port, settings.host) == (9000, "::1")
    assert json.loads(manager.asked) == {"SecretId": "production/server"}


@pytest.mark.parametrize("text", ["swordfish", '["swordfish"]', ""])
def test_it_must_be_an_object(manager: Manager, text: str) -> None:
    manager.answer = {"SecretString": text}
    with pytest.raises(SystemExit, match="`production/server` must be a JSON object") as caught:
        load_settings()
    assert "swordfish" not in str(caught.value)


def test_a_missing_secret_is_one_sentence(manager: Manager) -> None:
    manager.status = 400
    manager.answer = {"__type": "ResourceNotFoundException", "message": "It is not there."}
    with pytest.raises(SystemExit, match="did not give the secret `production/server`") as caught:
        load_settings()
    assert "It is not there." in str(caught.value)


def test_a_manager_that_does_not_answer_is_one_sentence(
    manager: Manager,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del manager
    monkeypatch.setenv(
        "EVERYTHING_SERVER_AWS_SECRET_ENDPOINT_URL",
        "http://127.0.0.1:1",
    )
    with pytest.raises(SystemExit, match="did not give the secret"):
        load_settings()

"""The local gateway without the gateway: its state, its processes, its port, its tokens."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import pytest

from mcpforge.errors import ForgeError, GatewayError
from mcpforge.gateway import install, local, process, state, tokens
from mcpforge.gateway.access import DEFAULT_URL, find_access, has_gateway
from mcpforge.gateway.state import Record, Secrets, State
from processes import CommandLine, everything

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = Secrets("key-" * 10, "enc-" * 10, "Aa1!admin-password", "Bb2!default-password")
KEY = SECRETS.jwt_key
# A gateway that is none: it needs the port, forks a helper that ignores SIGTERM, and is healthy.
GATEWAY = """#!{python}
import http.server, os, signal, sys, time
print("key is", os.environ["JWT_SECRET_KEY"], flush=True)
if {fails}:
    sys.exit("no \\x1b[31mluck")
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{{"status": "healthy"}}')
    def log_message(self, *_):
        pass
time.sleep({delay})
http.server.HTTPServer(("127.0.0.1", int(sys.argv[-1])), Handler).serve_forever()
"""


@pytest.fixture
def where(machine: dict[str, str]) -> State:
    """Return the state folder of this test's own home."""
    return State(Path(machine["HOME"]) / ".local" / "state" / "mcpforge" / "gateway")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


def pretend(where: State, *, fails: bool = False, delay: float = 0.0) -> None:
    """Install a gateway that is none."""
    where.make()
    packages = where.environment / "lib/python3.11/site-packages"
    (packages / "mcp_contextforge_gateway-1.1.0.dist-info").mkdir(parents=True)
    (where.environment / "bin").mkdir()
    (where.environment / "bin" / "python").symlink_to(sys.executable)
    program = install.program(where)
    program.write_text(GATEWAY.format(python=sys.executable, fails=fails, delay=delay))
    program.chmod(0o755)
    where.write("installed.json", {"requirement": install.REQUIREMENT, "python": ""})


@pytest.fixture
def installed(where: State) -> Iterator[State]:
    """Return a state with a gateway that is none, and leave no process of it."""
    pretend(where)
    yield where
    with contextlib.suppress(ForgeError):
        if record := where.record():
            process.end_group(record.pid, str(where.environment))


def start(cli: CommandLine, port: int) -> Record:
    found = cli("gateway", "start", "--port", str(port))
    assert found.code == 0, found.err
    assert found.out == f"http://127.0.0.1:{port}\n"
    record = state.find().record()
    assert record
    return record


def kill(pid: int) -> None:
    """Kill a process and wait for its end, which takes a moment on a busy machine."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while process.find(pid) and time.monotonic() < deadline:
        time.sleep(0.02)


def claims(token: str) -> dict[str, object]:
    found: dict[str, object] = jwt.decode(
        token, KEY, algorithms=["HS256"], audience="mcpgateway-api", issuer="mcpgateway"
    )
    return found


def test_where_the_state_is(machine: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path(machine["HOME"])
    assert state.find().folder == home / ".local/state/mcpforge/gateway"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state.find().folder == home / ".local/state/mcpforge/gateway"
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "x"))
    assert state.find().folder == home / "x/mcpforge/gateway"


def test_secrets_are_made_once_and_for_the_owner(where: State) -> None:
    assert where.secrets() is None
    with where.lock():
        made = where.secrets_or_new()
    assert where.secrets_or_new() == where.secrets() == made
    assert len(set(asdict(made).values())) == 4
    assert stat.S_IMODE((where.folder / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(where.folder.stat().st_mode) == 0o700
    assert not any(value in repr(made) for value in asdict(made).values())
    assert not any(value in made.hide(str(asdict(made))) for value in asdict(made).values())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"jwt_key": 1}', "\xff"])
def test_a_broken_state_is_said(cli: CommandLine, where: State, text: str) -> None:
    where.make()
    for name in ("secrets.json", "running.json"):
        (where.folder / name).write_text(text, encoding="latin-1")
    for command in ("status", "token", "stop", "start"):
        found = cli("gateway", command)
        assert found.code == 1
        assert "is not as mcpforge wrote it" in found.err


def test_a_state_that_cannot_be_written(cli: CommandLine, where: State) -> None:
    where.folder.parent.mkdir(parents=True)
    where.folder.write_text("a file")
    found = cli("gateway", "start")
    assert (found.code, "can't be used" in found.err) == (1, True)


def test_a_token_has_what_the_gateway_asks_for() -> None:
    found = claims(tokens.mint(KEY, "me@example.com", 60))
    assert found["sub"] == "me@example.com"
    assert (found["is_admin"], found["teams"]) == (True, None)
    assert int(str(found["exp"])) - int(str(found["iat"])) == 60
    assert abs(int(str(found["iat"])) - time.time()) < 10
    assert found["jti"] != claims(tokens.mint(KEY, "me@example.com", 60))["jti"]


def test_token_needs_a_gateway_once(cli: CommandLine) -> None:
    found = cli("gateway", "token")
    assert (found.code, found.out) == (4, "")
    assert "No gateway was started here yet" in found.err


def test_token_stands_alone_on_stdout(cli: CommandLine, where: State) -> None:
    where.make()
    where.write("secrets.json", asdict(SECRETS))
    found = cli("gateway", "token", "--minutes", "5")
    assert claims(found.out.rstrip("\n"))["sub"] == "admin@example.com"
    assert found.out.count("\n") == 1
    assert found.out.strip() not in found.err
    assert "doesn't run" in found.err
    data = cli("gateway", "token", "--json").json
    assert (data["command"], data["data"].keys()) == ("gateway token", {"token", "expires", "url"})
    assert cli("gateway", "token", "--minutes", "0").code == 2


def test_a_token_is_for_the_own_gateway_only(installed: State, cli: CommandLine, port: int) -> None:
    start(cli, port)
    assert local.token_for(f"http://127.0.0.1:{port}")
    assert local.token_for(f"http://localhost:{port}/")
    for url in (
        f"http://127.0.0.1:{port + 1}",
        f"https://127.0.0.1:{port}",
        f"http://[::1]:{port}",
        f"http://localhost.example.com:{port}",
        f"http://localhost@example.com:{port}",
        f"http://me@127.0.0.1:{port}",
        f"http://127.0.0.1:{port}/elsewhere",
        f"http://10.0.0.1:{port}",
        f"http://127.0.0.1:{port}?x=1",
        "http://127.0.0.1:99999999",
        "http://[",
        "",
    ):
        assert local.token_for(url) is None, url
    record = installed.record()
    assert record
    installed.keep(replace(record, ready=False))
    assert local.token_for(record.url) is None
    installed.keep(replace(record, identity="another process"))
    assert local.token_for(record.url) is None
    installed.keep(record)
    assert cli("gateway", "stop").code == 0
    assert local.token_for(record.url) is None


def test_the_own_gateway_is_the_default_wherever_it_listens(
    installed: State, cli: CommandLine, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installed
    assert (find_access().url, has_gateway()) == (DEFAULT_URL, False)
    start(cli, port)
    found = find_access()
    assert (found.url, has_gateway()) == (f"http://127.0.0.1:{port}", True)
    assert found.token
    assert local.token_for(found.url)
    monkeypatch.setenv("MCPFORGE_GATEWAY_URL", "https://gateway.example")
    assert find_access().url == "https://gateway.example"
    assert find_access().token is None


def test_no_token_for_another_program_at_localhost(
    installed: State, cli: CommandLine, port: int
) -> None:
    """`localhost` may be ::1 first, where anybody may listen on the gateway's port."""
    assert installed
    try:
        other = socket.create_server(("::1", port), family=socket.AF_INET6)
    except OSError:
        pytest.skip("there is no IPv6 on this machine")
    with other:
        other.setblocking(False)  # noqa: FBT003
        start(cli, port)
        outcome = cli("unregister", "demo", "--gateway", f"http://localhost:{port}")
        assert "127.0.0.1" in outcome.err
        with pytest.raises(BlockingIOError):
            other.accept()


def test_start_status_stop(installed: State, cli: CommandLine, port: int) -> None:
    assert cli("gateway", "status").code == 4
    before = everything(installed.folder)
    found = cli("gateway", "start", "--port", str(port), "--dry-run")
    assert (found.code, everything(installed.folder)) == (0, before)
    record = start(cli, port)
    assert record.ready
    assert len(process.members(record.pid, "")) == 2
    assert stat.S_IMODE((installed.folder / "running.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(installed.log.stat().st_mode) == 0o600

    data = cli("gateway", "status", "--json").json["data"]
    assert (data["state"], data["url"], data["pid"]) == ("running", record.url, record.pid)
    again = cli("gateway", "start")
    assert (again.code, "Nothing to do" in again.err) == (0, True)
    assert installed.record() == record
    other = cli("gateway", "start", "--port", str(port - 1))
    assert (other.code, f"runs on port {port} already" in other.err) == (4, True)

    assert "end the process group" in cli("gateway", "stop", "--dry-run").out
    assert len(process.members(record.pid, "")) == 2
    stopped = cli("gateway", "stop", "--json").json
    assert (stopped["command"], stopped["data"]["ended"]) == ("gateway stop", 2)
    assert process.members(record.pid, "") == []
    assert not process.port_taken(port)
    assert cli("gateway", "status", "--json").json["data"]["state"] == "stopped"
    assert "Nothing to do" in cli("gateway", "stop").err


def test_secrets_are_in_no_argument_and_no_output(
    installed: State, cli: CommandLine, port: int
) -> None:
    record = start(cli, port)
    secrets = asdict(installed.secrets_or_new()).values()
    shown = [cli("gateway", word, *more) for word in ("status", "start") for more in ((), ["-v"])]
    words = [one.command for one in process.members(record.pid, "")]
    assert all(str(installed.environment) in word for word in words)
    assert not any(secret in f"{shown} {words}" for secret in secrets)


def test_a_killed_gateway_is_cleaned_up(installed: State, cli: CommandLine, port: int) -> None:
    record = start(cli, port)
    kill(record.pid)
    status = cli("gateway", "status", "--json").json
    assert (status["exit_code"], status["data"]["state"]) == (4, "ended")
    assert len(status["data"]["left"]) == 1
    assert "end 1 processes left" in cli("gateway", "start", "--dry-run").out
    found = cli("gateway", "start", "--port", str(port))
    assert (found.code, "Ended 1 processes" in found.err) == (0, True)
    assert process.members(record.pid, "") == []
    again = installed.record()
    assert again
    kill(again.pid)
    assert cli("gateway", "stop", "--json").json["data"]["ended"] == 1
    assert process.members(again.pid, "") == []


def test_a_stale_record_harms_nobody(installed: State, cli: CommandLine, port: int) -> None:
    """The process id is another program's by now, which even leads a group of its own."""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, start_new_session=True)
    try:
        with other:
            for identity in ("an earlier process", ""):
                installed.keep(Record(other.pid, identity, port, "1.1.0", 0.0, ready=True))
                status = cli("gateway", "status", "--json").json["data"]
                assert (status["state"], status["left"]) == ("ended", [])
                found = cli("gateway", "stop")
                assert (found.code, "had ended by itself" in found.err) == (0, True)
            assert other.poll() is None
            installed.keep(Record(other.pid, "an earlier process", port, "1.1.0", 0.0, ready=True))
            assert start(cli, port).pid != other.pid
            assert other.poll() is None
            other.communicate(b"\n")
    finally:
        other.kill()


def test_a_group_without_its_leader_may_be_of_another(installed: State, tmp_path: Path) -> None:
    code = "import os, sys, time; os.fork() or time.sleep(60)"
    leader = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, start_new_session=True)
    leader.wait()
    try:
        installed.keep(Record(leader.pid, "x", 1, "1.1.0", 0.0))
        assert len(process.members(leader.pid, "")) == 1
        assert local.look(installed).left == ()
        assert local.end(installed, local.look(installed)) == 0
        assert len(process.members(leader.pid, "")) == 1
    finally:
        assert process.end_group(leader.pid) == 1


def test_a_port_in_use(installed: State, cli: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        before = everything(installed.folder)
        for more in ((), ("--dry-run",)):
            found = cli("gateway", "start", "--port", port, *more)
            assert found.code == 4
            assert f"Port {port} is in use by another program" in found.err
            assert "hint: " in found.err
        assert {k: v for k, v in everything(installed.folder).items() if k != "lock"} == before


def test_a_gateway_of_somebody_else(installed: State, cli: CommandLine, port: int) -> None:
    assert installed

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "healthy"}')

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with http.server.HTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            found = cli("gateway", "start", "--port", str(port))
        finally:
            server.shutdown()
            thread.join()
    assert (found.code, "that mcpforge didn't start" in found.err) == (4, True)


def test_a_gateway_that_ends_at_once(where: State, cli: CommandLine, port: int) -> None:
    pretend(where, fails=True)
    found = cli("gateway", "start", "--port", str(port))
    assert found.code == 4
    assert "ended before it was ready" in found.err
    assert "no  [31mluck" in found.err
    assert "key is *****" in found.err
    secrets = where.secrets()
    assert secrets
    assert secrets.jwt_key not in found.err
    assert where.record() is None
    assert cli("gateway", "status", "--json").json["data"]["state"] == "stopped"


@pytest.mark.parametrize("reason", [KeyboardInterrupt, GatewayError])
def test_a_start_that_is_cut_short_leaves_nothing(
    where: State,
    cli: CommandLine,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    reason: type[BaseException],
) -> None:
    pretend(where, delay=600)
    seen: list[int] = []

    def wait(*_: object) -> None:
        record = where.record()
        assert record
        deadline = time.monotonic() + 20
        while len(process.members(record.pid, "")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        seen.extend(one.pid for one in process.members(record.pid, ""))
        status = local.look(where)
        assert (status.condition, local.token_for(record.url)) == ("starting", None)
        raise reason("cut short")

    monkeypatch.setattr(local, "_wait", wait)
    found = cli("gateway", "start", "--port", str(port))
    assert found.code == (130 if reason is KeyboardInterrupt else 4)
    assert len(seen) == 2
    assert [process.find(pid) for pid in seen] == [None, None]
    assert where.record() is None


def test_too_slow_a_start_is_given_up(
    where: State, cli: CommandLine, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(where, delay=600)
    monkeypatch.setattr(local, "START_SECONDS", 1.0)
    found = cli("gateway", "start", "--port", str(port))
    assert (found.code, "was not ready after 1 s" in found.err) == (4, True)
    assert cli("gateway", "status", "--json").json["data"]["state"] == "stopped"


@pytest.mark.slow
def test_a_gateway_that_hangs(installed: State, cli: CommandLine, port: int) -> None:
    record = start(cli, port)
    os.kill(record.pid, signal.SIGSTOP)
    assert cli("gateway", "status", "--json").json["data"]["state"] == "unhealthy"
    os.kill(record.pid, signal.SIGCONT)
    assert cli("gateway", "status").code == 0
    os.kill(record.pid, signal.SIGSTOP)
    assert process.end_group(record.pid) == 2
    assert installed.record() == record


def test_starts_at_the_same_time_start_one(where: State, port: int, tmp_path: Path) -> None:
    pretend(where, delay=1)
    command = [sys.executable, "-m", "mcpforge", "gateway", "start", "--port", str(port), "--json"]
    several = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    outputs = [one.communicate(timeout=60)[0] for one in several]
    try:
        assert [one.returncode for one in several] == [0] * 4
        found = [json.loads(text)["data"] for text in outputs]
        assert len({data["pid"] for data in found}) == 1
        assert sorted(data["already"] for data in found) == [False, True, True, True]
    finally:
        record = where.record()
        assert record
        assert process.end_group(record.pid) == 2


def test_the_gateway_gets_no_setting_of_the_user(
    where: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUGINS_ENABLED", "true")
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere")
    monkeypatch.setenv("MCPGATEWAY_BEARER_TOKEN", "mine")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    given = local.settings(where, SECRETS, 4444)
    assert given["DATABASE_URL"].startswith("sqlite:///")
    assert (given["PLUGINS_ENABLED"], given["HTTPS_PROXY"]) == ("false", "http://proxy:1")
    assert "127.0.0.1" in given["NO_PROXY"]
    assert "MCPGATEWAY_BEARER_TOKEN" not in given


def test_without_uv(cli: CommandLine, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = cli("gateway", "start", "--port", str(port))
    assert (found.code, "`uv` is not installed" in found.err) == (1, True)


def test_what_uv_says_is_passed_on(
    cli: CommandLine, where: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    uv = tmp_path / "uv"
    uv.write_text(
        '#!/bin/sh\necho "$@" >> "$0.log"\necho "error: No interpreter\n  cause: dns" >&2\nexit 2\n'
    )
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = cli("gateway", "start", "--port", str(port))
    assert found.code == 1
    assert "`uv` can't install the gateway: No interpreter: cause: dns" in found.err
    assert len((tmp_path / "uv.log").read_text().splitlines()) == 3
    assert cli("gateway", "start", "--port", str(port), "--python", "3.13").code == 1
    assert "--python 3.13 " in (tmp_path / "uv.log").read_text().splitlines()[-1]
    assert not install.version(where)


def test_what_makes_an_installation_anew(where: State) -> None:
    assert install.needed(where, "")
    pretend(where)
    assert (install.version(where), install.needed(where, "")) == ("1.1.0", False)
    assert install.needed(where, "3.12")
    where.write("installed.json", {"requirement": "an older one", "python": ""})
    assert install.needed(where, "")
    where.write("installed.json", {"requirement": install.REQUIREMENT, "python": ""})
    (where.environment / "bin" / "python").unlink()
    assert install.needed(where, "")


def test_status_writes_nothing(cli: CommandLine, machine: dict[str, str]) -> None:
    home = Path(machine["HOME"])
    before = everything(home)
    for words in (("status",), ("stop",), ("stop", "--dry-run"), ("start", "--dry-run")):
        cli("gateway", *words)
    assert everything(home) == before


def test_the_encoding_is_that_of_a_jwt() -> None:
    head, body, signature = tokens.mint(KEY, "a", 1).split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert "=" not in head + body + signature

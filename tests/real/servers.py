"""What runs beside a test: the project's server, a Redis, and the world outside on this machine."""

from __future__ import annotations

import base64
import json
import re
import secrets
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import httpx2
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.server.auth.providers.jwt import RSAKeyPair

from real.calls import SETTINGS
from real.workshop import ENVIRONMENT, Project, Words, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Mode = Literal["auto", "legacy"]
SCOPES = ("read", "write", "admin", "analysis", "cached")
START_SECONDS = 60
PROBE = Path(__file__).with_name("probe.py")
MARK = re.compile(rb"running on|Application startup complete")


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class _Outside(BaseHTTPRequestHandler):
    """Answers by path; the server's `documents` are JSON."""

    server: _Listener

    def do_GET(self) -> None:
        document = self.server.documents.get(self.path)
        body = json.dumps(document).encode()
        self.send_response(404 if document is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    documents: Mapping[str, object]


@dataclass(frozen=True)
class Outside:
    """The world outside: an API, an identity provider and the issuer of JWTs."""

    url: str
    keys: RSAKeyPair

    def token(self, **changes: Any) -> str:
        """Return a JWT that the settings of `environment` accept, or one that is changed."""
        claims: dict[str, Any] = {
            "subject": "ada",
            "issuer": f"{self.url}/",
            "audience": "https://mcp.test/mcp",
            "scopes": list(SCOPES),
            "expires_in_seconds": 3600,
            "kid": "key-1",
        }
        return self.keys.create_token(**{**claims, **changes})


@contextmanager
def outside() -> Iterator[Outside]:
    """Serve the world outside on this machine."""
    keys = RSAKeyPair.generate()
    with _Listener(("127.0.0.1", 0), _Outside) as listener:
        url = f"http://127.0.0.1:{listener.server_port}"
        listener.documents = {
            "/document.json": {"answer": 42},
            "/jwks.json": {"keys": [public_jwk(keys)]},
            "/.well-known/openid-configuration": {
                "issuer": f"{url}/",
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/jwks.json",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            },
        }
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        yield Outside(url, keys)
        listener.shutdown()
        thread.join()


def public_jwk(keys: RSAKeyPair) -> dict[str, str]:
    """Return the public key as a JSON Web Key (RFC 7517)."""
    public: Any = load_pem_public_key(keys.public_key.encode())
    numbers = public.public_numbers()

    def encoded(number: int) -> str:
        raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    parts = {"n": encoded(numbers.n), "e": encoded(numbers.e)}
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "key-1", **parts}


class RedisMissingError(Exception):
    """There is no redis-server on this machine."""


@dataclass(frozen=True)
class RedisServer:
    """A Redis with a password."""

    port: int
    password: str

    def url(self, number: int) -> str:
        """Return the URL of a project's own database."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{number}"

    def command(self, *words: str, database: int = 0) -> list[str]:
        """Send one command, by the client that comes with the server; return the lines of it."""
        cli = shutil.which("redis-cli", path=ENVIRONMENT["PATH"])
        assert cli, "redis-cli is missing"
        # redis-cli takes no password out of a URL without a user; -e makes an error its exit code.
        where = ["-e", "-p", str(self.port), "-n", str(database)]
        environment = {**ENVIRONMENT, "REDISCLI_AUTH": self.password}
        done = run([cli, *where, *words], cwd=Path("/"), env=environment)
        return done.stdout.splitlines()


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Run a Redis on a free port of this machine; nothing is kept."""
    program = shutil.which("redis-server", path=ENVIRONMENT["PATH"])
    if program is None:
        raise RedisMissingError
    server = RedisServer(free_port(), secrets.token_hex(16))
    config = folder / "redis.conf"
    config.write_text(
        f"bind 127.0.0.1\nport {server.port}\nrequirepass {server.password}\n"
        f'databases 128\nsave ""\nappendonly no\ndir {folder}\n',
        encoding="utf-8",
    )
    log = (folder / "redis.log").open("w")
    process = subprocess.Popen([program, str(config)], stdout=log, stderr=log, cwd=folder)
    try:
        wait_for_port(server.port, process)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process listens on a port; fails when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as trial:
            trial.settimeout(1)
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    message = f"nothing listens on port {port}"
    raise AssertionError(message)


def environment(
    project: Project,
    world: Outside,
    redis: RedisServer | None,
    **changes: str,
) -> dict[str, str]:
    """Return what a project's processes run in: what its `.env` lacks, and what tests need.

    `changes` are settings by name; those that the project doesn't have are left out.
    """
    wanted = {**SETTINGS, **_own_settings(project, world, redis), **changes}
    held = project.env_file
    values = dict(project.base_environment)
    for setting in project.settings:
        if setting.name in wanted:
            if wanted[setting.name]:
                values[setting.env] = wanted[setting.name]
        elif setting.required and setting.env not in held and setting.test is not None:
            values[setting.env] = setting.test
    return values


def _own_settings(project: Project, world: Outside, redis: RedisServer | None) -> dict[str, str]:
    database = project.home / f"{secrets.token_hex(8)}.sqlite3"
    wanted = {
        "database_url": f"sqlite+aiosqlite:///{database}",
        "http_base_url": world.url,
        "jwt_issuer": f"{world.url}/",
        "jwt_audience": "https://mcp.test/mcp",
        "metrics_port": str(free_port()),
    }
    # Half of the projects know the issuer's key, half of them look it up.
    if project.case.number % 2:
        wanted |= {"jwt_jwks_url": "", "jwt_public_key": world.keys.public_key.replace("\n", "\\n")}
    else:
        wanted |= {"jwt_jwks_url": f"{world.url}/jwks.json", "jwt_public_key": ""}
    for setting in project.settings:
        if setting.name.endswith("config_url"):
            wanted[setting.name] = f"{world.url}/.well-known/openid-configuration"
        # Stores with a server of their own are the matter of test_stores.py.
        elif setting.test == "memory://" and setting.name not in {"cache_url", "rate_limit_url"}:
            wanted[setting.name] = "memory://"
    if redis:
        wanted["redis_url"] = redis.url(project.case.number)
    return wanted


def secret_values(project: Project, values: Mapping[str, str]) -> set[str]:
    """Return what must not stand in any log: the secret settings; of a URL its password."""
    found = set()
    for setting in project.settings:
        value = values.get(setting.env) or project.env_file.get(setting.env, "")
        if setting.secret and value:
            found.add((urlsplit(value).password or "") if "://" in value else value)
    return {value for value in found if len(value) > 5}


@dataclass
class Served:
    """A server that was started over HTTP, and after its end what it wrote."""

    url: str
    values: Mapping[str, str]
    process: subprocess.Popen[bytes]
    log: Path
    output: Path
    code: int | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 80

    @property
    def text(self) -> str:
        """What stands in the log up to now."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def transport(self, token: str | None = None) -> StreamableHttpTransport:
        """Return what a client connects by."""
        return StreamableHttpTransport(f"{self.url}/mcp", auth=token)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """Ask without an MCP client."""
        return httpx2.get(f"{self.url}{path}", timeout=30, **options)

    def post(self, path: str = "/mcp", **options: Any) -> httpx2.Response:
        """Send without an MCP client."""
        return httpx2.post(f"{self.url}{path}", timeout=30, **{"json": {}, **options})


@contextmanager
def serve(
    project: Project,
    values: Mapping[str, str],
    folder: Path,
    *,
    command: Words = (),
    port: int = 0,
    base_url: str = "",
) -> Iterator[Served]:
    """Start a server, by default the console script; at the end SIGTERM must end it cleanly.

    `base_url` is what its users know it by, by default its own address.
    """
    port = port or free_port()
    base = project.setting("base_url")
    known = base_url or f"http://127.0.0.1:{port}"
    values = {**values, **({base.env: known} if base else {})}
    words = [*(command or (project.script, "--transport", "http")), "--port", str(port)]
    log, output = folder / "server.log", folder / "server.out"
    with log.open("wb") as err, output.open("wb") as out:
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=project.root,
            env=dict(values),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        served = Served(f"http://127.0.0.1:{port}", values, process, log, output)
        try:
            try:
                wait_for_port(port, process)
            except AssertionError as error:
                message = f"{words} did not start: {error}\n{served.text[-5000:]}"
                raise AssertionError(message) from None
            yield served
            process.terminate()
            served.code = process.wait(timeout=30)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def stdio(
    project: Project,
    values: Mapping[str, str],
    folder: Path,
) -> StdioTransport:
    """Return the transport to the console script over stdio; all it writes is kept in files."""
    return stdio_of([str(project.script)], project.root, values, folder)


def stdio_of(
    words: Sequence[str], root: Path, values: Mapping[str, str], folder: Path
) -> StdioTransport:
    """Return the transport to any command over stdio; all it writes is kept in files."""
    return StdioTransport(
        "/bin/sh",
        ["-c", 'out="$0"; "$@" | tee "$out"', str(folder / "stdio.out"), *words],
        env=dict(values),
        cwd=str(root),
        keep_alive=False,
        log_file=folder / "stdio.log",
    )


def client(transport: StdioTransport | StreamableHttpTransport, mode: Mode = "auto") -> Client[Any]:
    """Return a client that waits long enough for a busy machine."""
    return Client(transport, mode=mode, timeout=60, init_timeout=60)

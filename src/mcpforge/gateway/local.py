"""A local ContextForge for development: how it is configured, started, asked and ended."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from mcpforge.errors import GatewayError
from mcpforge.gateway import install, process, state, tokens

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from mcpforge.gateway.state import Record, Secrets, State

PORT = 4444
START_SECONDS = 240.0
TOKEN_SECONDS = 3600
TAIL_LINES = 12
Condition = Literal["stopped", "starting", "running", "unhealthy", "ended"]
# What of the user's environment the gateway gets; its own settings come from here alone.
_PASSED = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "TZ"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
)


@dataclass(frozen=True, slots=True)
class Status:
    """The gateway as it is now.

    `ended` means: it was started, not stopped, and its process is gone; `left` are processes of it
    that are there all the same.
    """

    condition: Condition
    record: Record | None = None
    left: tuple[int, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.condition in ("starting", "running", "unhealthy")


def look(where: State, *, ask: bool = True) -> Status:
    """Return how the gateway is; `ask` it too whether it is well."""
    record = where.record()
    if record is None:
        return Status("stopped")
    leader = process.find(record.pid)
    if leader is None or leader.identity != record.identity:
        program = str(where.environment)
        left = process.members(record.pid, program) if leader is None else []
        return Status("ended", record, tuple(one.pid for one in left))
    if ask and process.healthy(record.port):
        return Status("running", record)
    if ask:
        return Status("unhealthy" if record.ready else "starting", record)
    return Status("running" if record.ready else "starting", record)


def running_url() -> str | None:
    """Return where the gateway listens that `gateway start` began, if it runs."""
    found = look(state.find(), ask=False)
    return found.record.url if found.condition == "running" and found.record else None


def own_url(url: str) -> str | None:
    """Return where the gateway that `gateway start` began listens, if a URL leads to it.

    The URL must be plain http to this machine's IPv4 loopback, `localhost` included, and the
    gateway's port. The answer names 127.0.0.1: at `localhost` another program of this machine may
    listen, on ::1, and would be asked first.
    """
    found = _running_at(url, state.find())
    return found.url if found else None


def token_for(url: str) -> str | None:
    """Return a new token for the gateway at a URL, if `gateway start` began it and it runs.

    For a URL that does not lead to it, see `own_url`, there is no token.
    """
    where = state.find()
    if _running_at(url, where) is None:
        return None
    secrets = where.secrets()
    return tokens.mint(secrets.jwt_key, state.ADMIN, TOKEN_SECONDS) if secrets else None


def _running_at(url: str, where: State) -> Record | None:
    port = _local_port(url)
    if port is None:
        return None
    found = look(where, ask=False)
    if found.condition != "running" or found.record is None or found.record.port != port:
        return None
    return found.record


def _local_port(url: str) -> int | None:
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        return None
    plain = parts.scheme == "http" and parts.hostname in (process.HOST, "localhost")
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in parts.netloc)
    return port if plain and bare else None


def settings(where: State, secrets: Secrets, port: int) -> dict[str, str]:
    """Return the environment of the gateway's process."""
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    direct = f"localhost,{process.HOST},::1"
    return {
        **passed,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "PYTHONUNBUFFERED": "1",
        "JWT_SECRET_KEY": secrets.jwt_key,
        "AUTH_ENCRYPTION_SECRET": secrets.encryption_key,
        "PLATFORM_ADMIN_EMAIL": state.ADMIN,
        "PLATFORM_ADMIN_PASSWORD": secrets.admin_password,
        "DEFAULT_USER_PASSWORD": secrets.default_password,
        "DATABASE_URL": f"sqlite:///{where.database}",
        "CACHE_TYPE": "memory",
        "HOST": process.HOST,
        "PORT": str(port),
        "APP_DOMAIN": state.address(port),
        "ENVIRONMENT": "development",
        "SSRF_ALLOW_LOCALHOST": "true",
        "RATE_LIMITING_ENABLED": "false",
        "EXPOSE_ERROR_DETAILS": "true",
        "MCPGATEWAY_UI_ENABLED": "false",
        "MCPGATEWAY_ADMIN_API_ENABLED": "false",
        "PLUGINS_ENABLED": "false",
        "JQ_FILTER_WORKERS": "1",
        "REGEX_WORKERS": "1",
        "LOG_LEVEL": "WARNING",
    }


def launch(where: State, port: int, waiting: Callable[[float], None]) -> Record:
    """Start the gateway and wait until it is well; the caller holds the lock.

    Raises `GatewayError` with its last words when it ends or takes too long. Whatever cuts the
    waiting short, no process is left behind.
    """
    secrets = where.secrets_or_new()
    started = process.launch(
        [str(install.program(where)), "--host", process.HOST, "--port", str(port)],
        folder=where.folder,
        environment=settings(where, secrets, port),
        log=where.log,
    )
    try:
        leader = process.find(started.pid)
        identity = leader.identity if leader else ""
        version = install.version(where)
        record = state.Record(started.pid, identity, port, version, time.time())
        where.keep(record)
        _wait(where, started, port, waiting)
        record = replace(record, ready=True)
        where.keep(record)
    except BaseException:
        process.end_group(started.pid)
        started.wait()
        where.keep(None)
        raise
    process.let_go(started)
    return record


def _wait(
    where: State,
    started: subprocess.Popen[bytes],
    port: int,
    waiting: Callable[[float], None],
) -> None:
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < START_SECONDS:
        if started.poll() is not None:
            raise _failed(where, "The gateway ended before it was ready")
        if process.healthy(port) and started.poll() is None:
            return
        waiting(passed)
        time.sleep(0.25)
    raise _failed(where, f"The gateway was not ready after {START_SECONDS:.0f} s")


def await_health(where: State, record: Record, waiting: Callable[[float], None]) -> Record:
    """Wait for a gateway that somebody else started, and note that it is well."""
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < START_SECONDS:
        found = look(where)
        if found.condition == "running":
            ready = replace(record, ready=True)
            where.keep(ready)
            return ready
        if not found.alive:
            raise _failed(where, "The gateway ended before it was ready")
        waiting(passed)
        time.sleep(0.25)
    raise _failed(where, f"The gateway runs, but has not answered for {START_SECONDS:.0f} s")


def _failed(where: State, message: str) -> GatewayError:
    last = tail(where)
    said = f"The last lines of `{where.log}`:\n{last}" if last else f"`{where.log}` is empty."
    return GatewayError(message, hint=said, code="gateway_start")


def tail(where: State, lines: int = TAIL_LINES) -> str:
    """Return the last lines of the gateway's log, without secrets and control characters."""
    try:
        text = where.log.read_bytes()[-20_000:].decode("utf-8", "replace")
    except OSError:
        return ""
    secrets = where.secrets()
    text = secrets.hide(text) if secrets else text
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    plain = ("".join(c if c.isprintable() else " " for c in line)[:300] for line in kept)
    return "\n".join(f"  {line}" for line in plain)


def end(where: State, found: Status) -> int:
    """End every process of the gateway and forget it; return how many there were."""
    ended = 0
    if found.record and (found.alive or found.left):
        program = "" if found.alive else str(where.environment)
        ended = process.end_group(found.record.pid, program)
    where.keep(None)
    return ended

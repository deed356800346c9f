"""The processes of a local gateway: who they are, whether they live, and their end.

A gateway is the leader of a session and process group of its own. Its helpers survive it when it
is killed, so what counts is the group, and a process counts only while it is no zombie.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpforge.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "127.0.0.1"
TERM_SECONDS = 10.0
KILL_SECONDS = 5.0
ORPHAN_SECONDS = 1.0
_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine that is no zombie."""

    pid: int
    group: int
    identity: str
    command: str


def find(pid: int) -> Process | None:
    """Return a process by its id, or None where there is none that runs."""
    if (_PROC / "self/stat").exists():
        return _from_proc(pid)
    return next(_from_ps("-p", str(pid)), None)


def members(group: int, program: str) -> list[Process]:
    """Return who lives in a process group; nobody unless one of them runs `program`.

    The id of a group can be another's by now: after a reboot, or when all of it had ended.
    """
    if (_PROC / "self/stat").exists():
        pids = (int(path.name) for path in _PROC.iterdir() if path.name.isdigit())
        everybody = [found for pid in pids if (found := _from_proc(pid))]
    else:
        everybody = list(_from_ps("-ax"))
    inside = [one for one in everybody if one.group == group]
    return inside if any(program in one.command for one in inside) else []


def _from_proc(pid: int) -> Process | None:
    try:
        status = (_PROC / str(pid) / "stat").read_text(errors="replace")
        command = (_PROC / str(pid) / "cmdline").read_bytes()
        boot = _BOOT.read_text().strip()
    except (OSError, ValueError):
        return None
    state, _, group, *rest = status.rpartition(")")[2].split()
    if state in "ZX":
        return None
    words = command.replace(b"\0", b" ").decode(errors="replace")
    return Process(pid, int(group), f"{boot}:{rest[16]}", words)


def _from_ps(*which: str) -> Iterator[Process]:
    """Ask `ps`, where there is no `/proc`."""
    done = subprocess.run(
        ["ps", *which, "-ww", "-o", "pid=,pgid=,stat=,lstart=,command="],
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    for line in done.stdout.splitlines():
        pid, group, state, *rest = line.split(maxsplit=8)
        if not state.startswith("Z"):
            yield Process(int(pid), int(group), " ".join(rest[:5]), " ".join(rest[5:]))


def launch(
    command: list[str], *, folder: Path, environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start a program that outlives this one, in a session of its own; its words go to `log`."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            start_new_session=True,
            umask=0o077,
        )
    finally:
        os.close(handle)


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Leave a program alone that goes on running: nobody will wait for it."""
    if process.returncode is None:
        process.returncode = 0


def end_group(group: int, program: str = "") -> int:
    """End all of a process group, first kindly; return how many there were.

    `program` guards against a group of somebody else, see `members`. Raises `GatewayError` when one
    of them is still there afterwards.
    """
    there = members(group, program)
    for kind, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        if not there or _gone_after(kind, group, program, seconds):
            return len(there)
    pids = ", ".join(str(one.pid) for one in members(group, program))
    raise GatewayError(
        f"These processes of the gateway can't be ended: {pids}",
        hint="They may be waiting for a disk; try again.",
        code="not_ended",
    )


def _gone_after(kind: signal.Signals, group: int, program: str, seconds: float) -> bool:
    """Send a signal to a group and say whether all of it ended; orphans are not waited for long."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, kind)
    deadline = time.monotonic() + seconds
    while (now := time.monotonic()) < deadline:
        with contextlib.suppress(ChildProcessError):  # only who started it has to wait for it
            os.waitpid(group, os.WNOHANG)
        there = members(group, program)
        if not there:
            return True
        if kind == signal.SIGTERM and all(one.pid != group for one in there):
            deadline = min(deadline, now + ORPHAN_SECONDS)
        time.sleep(0.1)
    return False


def port_taken(port: int) -> bool:
    """Say whether a program listens on a port of this machine's loopback already."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except PermissionError:
            raise GatewayError(
                f"Port {port} is reserved for the system",
                hint="Take one above 1023 by `--port`.",
                code="port",
            ) from None
        except OSError:
            return True
    return False


def healthy(port: int, timeout: float = 2.0) -> bool:
    """Say whether a gateway on this machine says that it is well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        found = json.loads(answer.read(10_000))
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return (
        answer.status == http.client.OK
        and isinstance(found, dict)
        and (found.get("status") == "healthy")
    )

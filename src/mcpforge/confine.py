"""A child process with limits, for work on what others wrote: asked, answered, killed on breach.

The child is this Python with mcpforge's own modules and nothing of `site` or the environment; it
calls one function of mcpforge with each request. Requests and replies are JSON, a line each.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Self

_BOOTSTRAP = (
    "import sys; sys.path[:] = sys.argv[1:]; from mcpforge import confine; confine.answer()"
)
_OUT_OF_MEMORY = 77  # the child's exit code where it could not even reply
_CHUNK = 1 << 16
_GRACE = 1  # seconds of CPU between the signal that ends a process and the one that kills it


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use, all its replies together.

    `cpu` and `wall` are seconds, `memory`, `output` (of all replies) and `writes` (of one file that
    it writes; 0: it can write none) bytes. `files` is for the function that is called, which
    counts them. `programs` says whether it may start any.
    """

    cpu: int = 10
    wall: int = 60
    memory: int = 512 * 1024 * 1024
    output: int = 20_000_000
    files: int = 5_000
    writes: int = 0
    programs: bool = False

    def __str__(self) -> str:
        """Return what the limits are, for a hint."""
        return (
            f"{self.cpu} s of CPU, {self.memory >> 20} MB of memory, {self.files:,} files and "
            f"{self.output // 1_000_000} MB of output"
        )


class Child:
    """A running child; a context manager that ends it, whatever happens."""

    def __init__(
        self,
        target: str,
        limits: Limits | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start a child that calls `target` (`module:function` of mcpforge) with each request."""
        import subprocess

        self.limits = limits or Limits()
        self._received = 0
        self._closed = False
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", _BOOTSTRAP, *_search_path()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment or {}),
            cwd=folder or "/",
            start_new_session=True,
        )
        self._send({"target": target, "limits": asdict(self.limits)})

    def __enter__(self) -> Self:
        """Return the child itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child and everything that it started."""
        self.close()

    def close(self) -> None:
        """End the child and everything that it started; may be called twice."""
        if self._closed:
            return
        self._closed = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()

    def ask(self, request: object, what: str) -> Any:
        """Return the reply to a request; `what` names the work at the start of a sentence.

        Raises the `ForgeError` that the function raised, and one with the code `limit` when a limit
        was broken; the child is dead then.
        """
        self._send(request)
        reply = self._read(what)
        if "error" in reply:
            raise ForgeError(**reply["error"])
        if "breach" in reply:
            raise self._breach(what, reply["breach"])
        return reply["result"]

    def _send(self, request: object) -> None:
        assert self._process.stdin is not None
        line = json.dumps(request).encode() + b"\n"
        with suppress(BrokenPipeError):  # then it is dead, which reading finds out
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _read(self, what: str) -> dict[str, Any]:
        import select
        import time

        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        until = time.monotonic() + self.limits.wall
        parts: list[bytes] = []
        while not parts or not parts[-1].endswith(b"\n"):
            ready, _, _ = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise self._breach(what, "wall")
            chunk = os.read(descriptor, _CHUNK)
            if not chunk:
                raise self._died(what)
            parts.append(chunk)
            self._received += len(chunk)
            if self._received > self.limits.output:
                raise self._breach(what, "output")
        loaded: dict[str, Any] = json.loads(b"".join(parts))
        return loaded

    def _died(self, what: str) -> ForgeError:
        code = self._process.wait()
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return self._breach(what, "cpu")
        return self._breach(what, "ram" if code == _OUT_OF_MEMORY else "crash")

    def _breach(self, what: str, kind: str) -> ForgeError:
        self.close()
        limits = self.limits
        said = {
            "cpu": f"used more than {limits.cpu} s of CPU",
            "wall": f"took longer than {limits.wall} s",
            "ram": f"used more than {limits.memory >> 20} MB of memory",
            "output": f"gave more than {limits.output // 1_000_000} MB",
            "crash": "crashed its process",
        }[kind]
        return ForgeError(
            f"{what} {said}, so it was stopped", hint=f"The limits are {limits}.", code="limit"
        )


def _search_path() -> list[str]:
    """Return where this process finds modules, without the folder that it happens to be in."""
    here = os.path.realpath(".")
    return [item for item in sys.path if item and os.path.realpath(item) != here]


def answer() -> None:
    """Be the child: set the limits, then reply to each request on standard input.

    Standard output is for replies alone; what anything else prints there is dropped.
    """
    source = sys.stdin.buffer
    replies = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    first = json.loads(source.readline())
    module, _, name = first["target"].partition(":")
    function = getattr(importlib.import_module(module), name)
    _limit(Limits(**first["limits"]))
    for line in source:
        try:
            reply = _reply(function, json.loads(line))
            while reply:
                reply = reply[os.write(replies, reply) :]
        except MemoryError:
            raise SystemExit(_OUT_OF_MEMORY) from None


def _reply(function: Callable[[Any], Any], request: object) -> bytes:
    try:
        reply = {"result": function(request)}
        return json.dumps(reply, ensure_ascii=False).encode() + b"\n"
    except MemoryError:
        return b'{"breach": "ram"}\n'
    except ForgeError as error:
        told = {"message": error.message, "hint": error.hint, "code": error.code}
    except RecursionError:
        told = {"message": "It nests too deeply", "hint": "", "code": "refused"}
    except Exception as error:  # whatever it is, it must not end the child
        told = {"message": f"{type(error).__name__}: {error}", "hint": "", "code": "refused"}
    return json.dumps({"error": told}).encode() + b"\n"


def _limit(limits: Limits) -> None:
    """Set the limits of this process; a system that knows one of them not keeps the others."""
    import resource

    wanted = [
        (resource.RLIMIT_CPU, limits.cpu, limits.cpu + _GRACE),
        (resource.RLIMIT_AS, limits.memory, limits.memory),
        (resource.RLIMIT_FSIZE, limits.writes, limits.writes),
        (resource.RLIMIT_CORE, 0, 0),
    ]
    if not limits.programs:
        wanted.append((resource.RLIMIT_NPROC, 0, 0))
    for which, soft, hard in wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(which, (soft, hard))

"""A Copier template as the source of a tree: Copier runs in a child process, never in this one."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mcpforge.characters import CONTROL, fold
from mcpforge.errors import ExitCode, ForgeError, UsageError
from mcpforge.foreign import limits
from mcpforge.foreign.models import Produced, Unsafe
from mcpforge.foreign.reading import read_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mcpforge.foreign.models import Job

_SHOWN = 6
_MOST_EVENTS = 8 * 1024 * 1024


def migrate(job: Job, env: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Run the migrations of a job's stage in its workplace; raises `ForgeError` as `produce`."""
    with _places() as (stage, log, environment):
        _Conversation(job, {**env, **environment}, say).run(stage, log)


def produce(job: Job, env: Mapping[str, str], say: Callable[[str], None]) -> Produced:
    """Return what a template makes of the answers of a job.

    `env` is the environment of the process that runs Copier, `say` takes what the template says,
    and what it is going to run. Raises `ForgeError` where it can't be had or rendered, goes beyond
    the limits, or would run something without trust; `UsageError` where an answer is missing or
    wrong; `KeyboardInterrupt` when the user leaves its questions.
    """
    _check_source(job.source)
    with _places() as (stage, log, environment):
        done = _Conversation(job, {**env, **environment}, say).run(stage, log)
        return _produced(job, done, stage)


@contextmanager
def _places() -> Iterator[tuple[Path, IO[bytes], dict[str, str]]]:
    """Give a stage, a log and the variables of one child process; all is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="mcpforge-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stage, temporary = folder / "stage", folder / "temporary"
        stage.mkdir()
        temporary.mkdir()
        log = stack.enter_context((folder / "log").open("w+b"))
        yield stage, log, {"TMPDIR": str(temporary)}


def _check_source(source: str) -> None:
    """Refuse an address with a password: it would stand in the answers file."""
    from urllib.parse import urlsplit

    if "://" in source and urlsplit(source.removeprefix("git+")).password:
        raise UsageError(
            "The address of the template holds a password",
            hint="Leave it out, it would be written to the project; git asks its credential "
            "helper.",
            code="template_missing",
        )


class _Conversation:
    """One child process: its job goes in, its events come out."""

    def __init__(self, job: Job, env: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.job, self.env, self.say = job, env, say
        self.deadline: float | None = time.monotonic() + limits.FETCH_SECONDS
        self.orders: IO[bytes] | None = None
        self.pending = b""
        self.received = 0

    def run(self, stage: Path, log: IO[bytes]) -> dict[str, Any]:
        """Return the data of the last event."""
        job_out, job_in = os.pipe()
        events_out, events_in = os.pipe()
        fds = (job_out, events_in, log.fileno())
        output = sys.stderr.fileno() if self.job.interactive else subprocess.DEVNULL
        with _terminal_kept(self.job.interactive), os.fdopen(events_out, "rb", 0) as events:
            try:
                process = subprocess.Popen(
                    [
                        *(sys.executable, "-P", "-m", "mcpforge.foreign.child"),
                        *map(str, fds),
                        str(stage),
                    ],
                    env=dict(self.env),
                    pass_fds=fds,
                    stdin=None if self.job.interactive else subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )
            finally:
                os.close(job_out)
                os.close(events_in)
            try:
                with os.fdopen(job_in, "wb", 0) as self.orders:
                    self._order(json.dumps(asdict(self.job)))
                    return self._listen(events, process, log)
            finally:
                _end(process)

    def _order(self, line: str) -> None:
        assert self.orders is not None
        left = f"{line}\n".encode()
        with suppress(BrokenPipeError):  # then it is dead, which listening finds out
            while left:  # nothing may wait in a buffer: closing would write it to the dead again
                left = left[self.orders.write(left) or 0 :]

    def _listen(
        self, events: IO[bytes], process: subprocess.Popen[bytes], log: IO[bytes]
    ) -> dict[str, Any]:
        while True:
            event = self._next(events)
            if event is None:
                raise self._died(process.wait(), log)
            done = self._handle(event, log)
            if done is not None:
                return done

    def _handle(self, event: dict[str, Any], log: IO[bytes]) -> dict[str, Any] | None:
        kind = event.pop("event")
        if kind == "phase":
            seconds = event["seconds"]
            self.deadline = time.monotonic() + seconds if seconds else None
        elif kind == "message":
            self.say(CONTROL.sub("", event["text"]).rstrip())
        elif kind == "unsafe":
            self._unsafe(event)
        elif kind == "interrupted":
            raise KeyboardInterrupt
        elif kind == "error":
            raise _error(event, log)
        return event if kind == "done" else None

    def _unsafe(self, event: dict[str, Any]) -> None:
        unsafe = _as_unsafe(event)
        if not event["trusted"]:
            raise ForgeError(
                f"The template wants to run what is not mcpforge's: {'; '.join(_listed(unsafe))}",
                hint="Look at it first; `--trust` lets it run with your rights.",
                code="template_untrusted",
            )
        lines = "\n".join(f"  {item}" for item in _listed(unsafe, most=1_000))
        self.say(f"The template is trusted, and is going to run:\n{lines}")
        self._order("go on")

    def _next(self, events: IO[bytes]) -> dict[str, Any] | None:
        """Return the next event, or None at the end."""
        while b"\n" not in self.pending:
            left = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
            if not select.select([events], [], [], left)[0]:
                raise limits.breach("it took too long")
            read = events.read(65_536)
            self.received += len(read)
            if self.received > _MOST_EVENTS:
                raise limits.breach("its answers and messages are endless")
            if not read:
                return None
            self.pending += read
        line, _, self.pending = self.pending.partition(b"\n")
        loaded: dict[str, Any] = json.loads(line)
        return loaded

    def _died(self, code: int, log: IO[bytes]) -> ForgeError:
        if code == -signal.SIGXCPU:
            return limits.cpu_breach()
        if code == -signal.SIGXFSZ:
            return limits.size_breach()
        told = _last_line(log)
        if "MemoryError" in told:
            return limits.memory_breach()
        ended = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return ForgeError(
            f"The process that renders the template ended {ended}",
            hint=told,
            code="template_broken",
        )


@contextmanager
def _terminal_kept(wanted: bool) -> Iterator[None]:  # noqa: FBT001 - a context, not a mode
    """Leave the terminal as it was, also when a child that asks there is killed."""
    if not wanted:
        yield
        return
    import termios

    kept = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, kept)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the child and what it started; it leads a group of its own once it renders."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()


def _error(event: Mapping[str, Any], log: IO[bytes]) -> ForgeError:
    hint = event["hint"]
    if event["code"] == "template_task":
        said = _last_line(log)
        hint = f"{hint} It said: {said}" if said else hint
    kind = UsageError if event["exit_code"] == ExitCode.USAGE else ForgeError
    return kind(CONTROL.sub("", event["message"]), hint=CONTROL.sub("", hint), code=event["code"])


def _last_line(log: IO[bytes]) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - 4_096))
    lines = log.read().decode("utf-8", "replace").splitlines()
    return CONTROL.sub("", next((line.strip() for line in reversed(lines) if line.strip()), ""))


def _as_unsafe(data: Mapping[str, Any]) -> Unsafe:
    return Unsafe(tuple(data["tasks"]), tuple(data["migrations"]), tuple(data["extensions"]))


def _listed(unsafe: Unsafe, most: int = _SHOWN) -> list[str]:
    kinds = (
        ("task", unsafe.tasks),
        ("migration", unsafe.migrations),
        ("Jinja extension", unsafe.extensions),
    )
    items = [f"{kind} `{fold(text)}`" for kind, texts in kinds for text in texts]
    more = len(items) - most
    return [*items[:most], f"and {more} more"] if more > 0 else items


def _produced(job: Job, done: Mapping[str, Any], stage: Path) -> Produced:
    once = frozenset(done["once"])
    name = Path(job.destination).name
    real, dropped = read_tree(stage / "real" / name, once)
    public = real
    if done["public"] != "real":
        public, _ = read_tree(stage / done["public"] / name, once)
        public = {path: file for path, file in public.items() if path in real}
    if not real:
        raise ForgeError("The template makes no file of these answers", code="template_broken")
    return Produced(
        tree=public,
        real=real,
        commit=done["commit"],
        version=done["version"],
        answers_file=done["answers_file"],
        data=done["data"],
        chosen=tuple(done["chosen"]),
        secrets=tuple(done["secrets"]),
        secrets_given=tuple(done["secrets_given"]),
        left_out=tuple(done["left_out"]),
        once=tuple(done["once"]),
        unsafe=_as_unsafe(done["unsafe"]),
        layer=done["layer"],
        notes=tuple(
            f"`{item}`, which a task made, is left out: it can't be moved" for item in dropped
        ),
    )

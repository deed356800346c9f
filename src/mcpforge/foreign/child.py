"""The process that runs Copier: a job comes in, events and the result go out, as JSON lines.

It imports Copier, runs with limits, and writes nothing but the folder that it was given. Nothing
of it is imported by mcpforge's own process.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mcpforge.errors import ForgeError
from mcpforge.foreign import limits
from mcpforge.foreign.models import Job, Unsafe

if TYPE_CHECKING:
    from copier._template import Task, Template

    from mcpforge.foreign.worker import LimitedWorker

OWN_EXTENSION = "mcpforge.render.extension.ProjectExtension"


class Channel:
    """Where the events go, and where leave to go on comes from."""

    def __init__(self, stream: TextIO, source: TextIO) -> None:
        """Keep the streams."""
        self._stream, self._source = stream, source
        self.muted = False

    def wait(self) -> None:
        """Wait until the parent process says to go on; it ends this one where it does not."""
        if not self._source.readline():
            raise EOFError

    def send(self, event: str, **data: Any) -> None:
        """Send an event with its data."""
        self._stream.write(json.dumps({"event": event, **data}) + "\n")
        self._stream.flush()

    def fail(self, error: ForgeError) -> None:
        """Send an error."""
        self.send(
            "error",
            message=error.message,
            hint=error.hint,
            code=error.code,
            exit_code=int(error.exit_code),
        )


def main(arguments: list[str]) -> int:
    """Do one job; the arguments are three file descriptors (job, events, log) and the stage."""
    job_fd, events_fd, log_fd = map(int, arguments[:3])
    source = os.fdopen(job_fd, encoding="utf-8")
    job = Job(**json.loads(source.readline()))
    channel = Channel(os.fdopen(events_fd, "w", encoding="utf-8"), source)
    warnings.simplefilter("ignore")
    if not job.interactive:
        leave_terminal(log_fd)
    from copier.errors import InteractiveSessionError

    from mcpforge.foreign.refusals import sentence

    run = Run(job, channel, log_fd, Path(arguments[3]))
    try:
        run.run()
    except (KeyboardInterrupt, EOFError, InteractiveSessionError):
        channel.send("interrupted")
    except Exception as error:
        channel.fail(sentence(error, job, run.tags))
    return 0


def leave_terminal(log_fd: int) -> None:
    """Leave the user's terminal: a session of its own, no input, output to the log."""
    with suppress(OSError):
        os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log_fd, 1), (log_fd, 2)):
        os.dup2(source, target)


class Run:
    """One job, step by step."""

    def __init__(self, job: Job, channel: Channel, log_fd: int, stage: Path) -> None:
        """Keep what the steps need."""
        self.job, self.channel, self.log_fd, self.stage = job, channel, log_fd, stage
        self.tags: tuple[str, ...] = ()
        self.asking = job.interactive

    def run(self) -> None:
        """Fetch, examine, ask and render."""
        from mcpforge.foreign import fetching

        self.channel.send("phase", seconds=limits.FETCH_SECONDS)
        self.tags, template = fetching.fetch(self.job)
        if self.asking:
            self.channel.send("phase", seconds=0)
            limits.confine(limits.ASKING_SECONDS, forever=False)
        else:
            self.start_rendering()
        if self.job.stage:
            self.migrate(template)
            return
        unsafe = self.examine(template)
        self.refuse_unknown(template)
        self.refuse_older(template)
        worker = self.render(template, self.job.given, "real")
        secrets = tuple(sorted(template.secret_questions))
        given = self.secrets_given(worker, secrets)
        public = "real"
        if given:
            public = "public"
            shown = {name: value for name, value in self.job.given.items() if name not in secrets}
            self.channel.muted = True
            self.render(template, {**worker.answered(), **shown}, public)
        self.channel.send(
            "done",
            **self.result(template, worker, unsafe),
            secrets=secrets,
            secrets_given=given,
            public=public,
        )

    def examine(self, template: Template) -> Unsafe:
        """Return what the template would run, once that was listed and is trusted."""
        foreign = [name for name in template.jinja_extensions if name != OWN_EXTENSION]
        config = template.config_data
        moving = self.job.operation == "update"
        unsafe = Unsafe(
            tuple(_command(task) for task in config.get("tasks") or ()),
            tuple(_command(task.cmd) for task in self.migrations(template)) if moving else (),
            tuple(foreign),
        )
        if unsafe:
            self.channel.send("unsafe", trusted=self.job.trust, **asdict(unsafe))
            self.channel.wait()
        return unsafe

    def migrations(self, template: Template, *stages: str) -> list[Task]:
        """Return the migrations between the project's version and this one."""
        from types import SimpleNamespace

        from packaging.version import InvalidVersion, Version

        old: Any = SimpleNamespace(version=None, commit=self.job.known_commit)
        with suppress(InvalidVersion):
            old.version = Version(self.job.known_version)
        found: list[Task] = []
        for stage in stages or ("before", "after"):
            tasks = template.migration_tasks(stage, old)  # type: ignore[arg-type]
            known = [] if stages else [task.cmd for task in found]
            found += [task for task in tasks if task.cmd not in known]
        return found

    def migrate(self, template: Template) -> None:
        """Run the migrations of one stage in the copy of the project."""
        from copier._main import _operation
        from copier._types import Phase

        from mcpforge.foreign.worker import make_worker

        _operation.set("update")
        place = Path(self.job.workplace)
        with make_worker(self.job, template, place, self.job.given, asking=False) as worker:
            worker.prepare(self.job, self.answered, self.say)
            worker._ask()
            with Phase.use(Phase.MIGRATE):
                worker._execute_tasks(self.migrations(template, self.job.stage))
        self.channel.send("done")

    def refuse_unknown(self, template: Template) -> None:
        """Refuse answers to questions that the template does not ask."""
        from mcpforge.errors import UsageError, did_you_mean

        known = template.questions_data
        for name in self.job.given:
            if name not in known:
                asked = ", ".join(f"`{one}`" for one in known) or "nothing"
                raise UsageError(
                    f"The template does not ask for `{name}`",
                    hint=f"{did_you_mean(name, known)}It asks for {asked}.",
                    code="template_question",
                )

    def refuse_older(self, template: Template) -> None:
        """Refuse an older version that nobody asked for."""
        from packaging.version import InvalidVersion, Version

        if self.job.older or not (self.job.known_version and template.version):
            return
        with suppress(InvalidVersion):
            if template.version < Version(self.job.known_version):
                raise ForgeError(
                    f"The project has version {self.job.known_version} of the template, and its "
                    f"newest tag is {template.version}",
                    hint="Name a version by `--ref`, also an older one.",
                    code="template_older",
                )

    def render(self, template: Template, given: Any, name: str) -> LimitedWorker:
        """Render into a folder of the stage; the last part is the project's own name."""
        from copier._main import _operation

        from mcpforge.foreign.worker import make_worker

        target = self.stage / name / Path(self.job.destination).name
        _operation.set(self.job.operation)
        with make_worker(self.job, template, target, given, asking=self.asking) as worker:
            worker.prepare(self.job, self.answered, self.say)
            worker.run_copy()
        return worker

    def answered(self) -> None:
        """Go on without the terminal, once every question is answered."""
        if self.asking:
            self.asking = False
            leave_terminal(self.log_fd)
            self.start_rendering()

    def start_rendering(self) -> None:
        """Set the limits and the clock of a rendering."""
        self.channel.send("phase", seconds=limits.RENDER_SECONDS)
        limits.confine(limits.CPU_SECONDS, forever=not self.job.trust)

    def say(self, text: str) -> None:
        """Send a message of the template; an empty one starts tasks, which have all the time."""
        if self.channel.muted:
            return
        if text:
            self.channel.send("message", text=text)
        else:
            self.channel.send("phase", seconds=0)

    def secrets_given(self, worker: LimitedWorker, secrets: tuple[str, ...]) -> list[str]:
        """Return the secret questions whose answer is other than what the template has for all."""
        answers = {**worker.answers.init, **worker.answers.user}
        details = worker.template.questions_data
        return [
            name
            for name in secrets
            if name in answers and answers[name] != details[name].get("default")
        ]

    def result(self, template: Template, worker: LimitedWorker, unsafe: Unsafe) -> dict[str, Any]:
        """Return what the parent process has to know beside the files."""
        from mcpforge.foreign import fetching

        once = [
            path.relative_to(worker.dst_path).as_posix()
            for path in Path(worker.dst_path).rglob("*")
            if path.is_file() and worker.match_skip(path.relative_to(worker.dst_path))
        ]
        return {
            "commit": template.commit or "",
            "version": str(template.version or ""),
            "answers_file": worker.answers_relpath.as_posix(),
            "data": worker.answered(),
            "chosen": worker.chosen(),
            "left_out": sorted(worker.left_out),
            "once": sorted(once),
            "unsafe": asdict(unsafe),
            "layer": fetching.layer(template, OWN_EXTENSION),
        }


def _command(task: Any) -> str:
    command = task.get("command", task) if isinstance(task, dict) else task
    return command if isinstance(command, str) else " ".join(map(str, command))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

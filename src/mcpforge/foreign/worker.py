"""Copier's own worker, with what mcpforge needs of it; runs in a process with limits only.

It follows Copier 9 (`copier/_main.py`, `copier/_user_data.py`): what is not overridden here is done
by Copier as `copier copy` and `copier update` do it.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from copier import _main
from copier._main import Worker
from copier._settings import SettingsModel
from copier._types import MISSING, LazyDict
from copier._user_data import Question, load_answersfile_data

from mcpforge.errors import ForgeError, UsageError
from mcpforge.foreign import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from copier._template import Task, Template
    from copier._types import AnyByStrMutableMapping

    from mcpforge.foreign.models import Job


PROPOSED: dict[str, Any] = {}
"""What was proposed to the user, by the name of the question."""
UNANSWERED: dict[str, AskedQuestion] = {}
"""The questions that have no default, by their names."""
KNOWN_SECRETS: set[str] = set()
"""The secret questions that were answered when the project was made."""


class AskedQuestion(Question):
    """A question whose refusals name it, and that looks like those of mcpforge."""

    def parse_answer(self, answer: Any) -> Any:
        """Return the answer by its declared type; raises `UsageError` that names the question."""
        try:
            return super().parse_answer(answer)
        except (ValueError, TypeError) as error:
            raise self._refusal(error, f"it is no `{self.get_type_name()}`") from None

    def validate_answer(self, answer: Any) -> None:
        """Raise `UsageError` for an answer that the question's validator refuses."""
        try:
            super().validate_answer(answer)
        except ValueError as error:
            raise self._refusal(error, "its validator refuses it") from None

    def get_default(self) -> Any:
        """Return the default answer; a question without one is kept in mind."""
        default = super().get_default()
        if default is MISSING:
            UNANSWERED[self.var_name] = self
        return default

    def get_told(self) -> tuple[str, str]:
        """Return what the question says, in one line, and the answers that it takes."""
        told = " ".join(str(self.render_value(self.help)).split())
        takes = [f"`{item.value}`" for item in self._formatted_choices if not item.disabled]
        kind = f"of the type {self.get_type_name()}"
        return told, f"one of: {', '.join(takes)}" if takes else kind

    def get_questionary_structure(self) -> dict[str, Any]:
        """Return what questionary asks, with a plain mark instead of an emoji."""
        PROPOSED[self.var_name] = self.get_default()
        return {**super().get_questionary_structure(), "qmark": self.qmark or "?"}

    def get_ask(self) -> bool:
        """Say whether to ask; secrets that the project has already are not asked for again."""
        return self.var_name not in KNOWN_SECRETS and super().get_ask()

    def _refusal(self, error: Exception, otherwise: str) -> UsageError:
        said = str(error)
        for head in ("Validation error for question ", "Invalid choice for "):
            if said.startswith(head):
                return _invalid(self.var_name, said.partition(": ")[2])
        return _invalid(self.var_name, otherwise)


def _invalid(name: str, reason: str) -> UsageError:
    return UsageError(
        f"The answer to `{name}` can't be used: {reason}",
        hint=f"Give another one: `--data {name}=…`.",
        code="template_answer",
    )


class LimitedWorker(Worker):
    """A worker that counts what it writes and reports what the parent process has to know."""

    job: Job
    asked: Callable[[], None]
    say: Callable[[str], None]

    def prepare(self, job: Job, asked: Callable[[], None], say: Callable[[str], None]) -> None:
        """Keep the job; `asked` is called when all answers are there, `say` for messages."""
        self.job, self.asked, self.say = job, asked, say
        self.meter = limits.Meter()
        self.left_out: set[str] = set()
        self.spoken = 0
        KNOWN_SECRETS.update(job.known_secrets)
        self.subproject.__dict__["last_answers"] = dict(job.last)

    def _check_unsafe(self, mode: str) -> None:
        """Nothing: what needs trust was decided and listed before (`child.examine`)."""

    def _ask(self) -> None:
        vars(_main)["Question"] = AskedQuestion
        try:
            super()._ask()
        except ValueError as error:
            name = str(error).removeprefix('Question "').removesuffix('" is required')
            if name == str(error):
                raise
            raise self._required(name) from None
        self.asked()

    def _required(self, name: str) -> UsageError:
        told, takes = UNANSWERED[name].get_told()
        return UsageError(
            f"The template needs an answer to `{name}`" + (f": {told}" if told else ""),
            hint=f"Give it by `--data {name}=…`, {takes}.",
            code="template_required",
        )

    def _print_message(self, message: str) -> None:
        """Say what the template says before and after: at an update what it has for that."""
        self.spoken += 1
        if self.job.operation == "update":
            first = self.spoken == 1
            told = self.template
            message = told.message_before_update if first else told.message_after_update
        if message:
            self.say(self._render_string(message))

    def _render_context(self) -> AnyByStrMutableMapping:
        context = super()._render_context()
        # The folder that the user named, and not the one where the project is staged.
        context["_copier_conf"]["dst_path"] = PurePath(self.job.destination)
        return context

    def _external_data(self) -> LazyDict[str, Any]:
        """Return Copier's external data, read in the project that is there already."""
        root = Path(self.job.project or self.dst_path).resolve()

        def load(path: str) -> Any:
            rendered = self._render_string(path)
            if not (root / rendered).resolve().is_relative_to(root):
                raise ForgeError(
                    f"The template reads `{rendered}`, which is outside of the project",
                    code="template_unsafe",
                )
            return load_answersfile_data(root, rendered)

        return LazyDict(
            {
                name: lambda path=path: load(path)  # type: ignore[misc]
                for name, path in self.template.external_data.items()
            }
        )

    @cached_property
    def match_exclude(self) -> Callable[[Path], bool]:
        """Return Copier's matcher, which now keeps in mind what it excluded."""
        inner: Callable[[Path], bool] = Worker.match_exclude.func(self)  # type: ignore[attr-defined]

        def match(path: Path) -> bool:
            excluded = inner(path)
            if excluded:
                self.left_out.add(path.as_posix())
            return excluded

        return match

    def _render_file(
        self, src_relpath: Path, dst_relpath: Path, extra_context: dict[str, Any] | None = None
    ) -> None:
        if ".git" in src_relpath.parts:
            return  # the template's own repository, which an `_exclude` without `.git` lets in
        _refuse_reserved(dst_relpath)
        super()._render_file(src_relpath, dst_relpath, extra_context=extra_context)
        self.meter.count(lambda: (Path(self.dst_path) / dst_relpath).lstat().st_size)

    def _render_folder(self, dst_relpath: Path) -> None:
        if ".git" not in dst_relpath.parts:  # see `_render_file`
            super()._render_folder(dst_relpath)

    def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
        """Nothing: the stage is no repository, and git would be asked once for each file."""

    def _render_symlink(self, src_relpath: Path, dst_relpath: Path) -> None:
        _refuse_reserved(dst_relpath)
        super()._render_symlink(src_relpath, dst_relpath)
        self.meter.count(lambda: 0)

    def _execute_tasks(self, tasks: Sequence[Task]) -> None:
        if tasks:
            limits.release()
            self.say("")
        super()._execute_tasks(tasks)

    def answered(self) -> dict[str, Any]:
        """Return every answer that Copier would remember, whether or not it has a file for it."""
        kept = self._answers_to_remember()
        return {key: value for key, value in kept.items() if not key.startswith("_")}

    def chosen(self) -> list[str]:
        """Return the names of the answers that are not what the template proposes."""
        return [
            name
            for name, value in self.answered().items()
            if name in self.job.given or (name in PROPOSED and PROPOSED[name] != value)
        ]


def _refuse_reserved(path: Path) -> None:
    if {".git", ".mcpforge"} & {part.lower() for part in path.parts}:
        raise ForgeError(
            f"The template writes `{path.as_posix()}`, a place that no template may write",
            code="template_unsafe",
        )


def make_worker(
    job: Job, template: Template, stage: Path, given: Mapping[str, Any], *, asking: bool
) -> LimitedWorker:
    """Return a worker that renders a fetched template into a folder of its own."""
    own = SettingsModel.from_file()
    worker = LimitedWorker(
        src_path=str(template.url),
        dst_path=stage,
        data=dict(given),
        settings=SettingsModel(defaults=own.defaults),
        defaults=not asking,
        skip_answered=True,
        overwrite=True,
        quiet=True,
        unsafe=job.trust,
    )
    worker.__dict__["template"] = template
    return worker

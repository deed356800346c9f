"""Copier's errors, and git's, as sentences of ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from copier import errors
from jinja2 import TemplateError, TemplateSyntaxError
from plumbum import ProcessExecutionError
from yaml import YAMLError

from mcpforge.errors import ForgeError, UsageError, did_you_mean
from mcpforge.foreign import limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpforge.foreign.models import Job

_UNKNOWN_REF = re.compile(r"Unknown revision|invalid reference|not a valid object name", re.I)
_FATAL = re.compile(r"^(?:\s*\|\s*)?(?:fatal|error): ", re.I)


def sentence(error: Exception, job: Job, tags: tuple[str, ...] = ()) -> ForgeError:
    """Return what an exception of Copier, Jinja, YAML or git means to the user."""
    if isinstance(error, ForgeError):
        return error
    if isinstance(error, ProcessExecutionError):
        return _git(error, job, tags)
    if isinstance(error, MemoryError):
        return limits.memory_breach()
    if isinstance(error, OSError) and error.strerror == "File too large":
        return limits.size_breach()
    if isinstance(error, errors.TaskError):
        return ForgeError(
            f"A task of the template failed with exit code {error.returncode}: `{_shown(error)}`",
            hint="Nothing was written.",
            code="template_task",
        )
    return _copier(error, job, tags)


def _copier(error: Exception, job: Job, tags: tuple[str, ...]) -> ForgeError:
    text = _first(str(error))
    if isinstance(error, ValueError) and _UNKNOWN_REF.search(text):
        return unknown_ref(job, tags)
    for kind, say in _SENTENCES:
        if isinstance(error, kind):
            return say(error)
    known = isinstance(error, TemplateError | errors.CopierError | UnicodeDecodeError)
    return broken(text if known else f"{type(error).__name__}: {text}")


def _version(error: Exception) -> ForgeError:
    text = str(error).removeprefix("This template requires Copier version >= ")
    wanted, _, have = text.partition(", while your version of Copier is ")
    return ForgeError(
        f"The template needs Copier {wanted} or newer, installed is {have.rstrip('.')}",
        hint="Install a newer mcpforge, or take an older version of the template by `--ref`.",
        code="template_version",
    )


def _forbidden(error: Exception) -> ForgeError:
    path = _first(str(error)).removesuffix(" is forbidden").strip('"')
    return ForgeError(
        f"The template leads out of its own folder or the project's: `{path}`",
        code="template_unsafe",
    )


def _extension(error: Exception) -> ForgeError:
    module = re.search(r"No module named '([^']+)'", str(error))
    return ForgeError(
        f"A Jinja extension of the template is not installed: `{module[1] if module else '?'}`",
        hint="Install it beside mcpforge: `uv tool install mcpforge --with PACKAGE`.",
        code="template_extension",
    )


def _config(error: Exception) -> ForgeError:
    cause = error.__cause__ if isinstance(error.__cause__, YAMLError) else error
    mark = getattr(cause, "problem_mark", None)
    problem = getattr(cause, "problem", None) or _first(str(error))
    reason = f"line {mark.line + 1}: {problem}" if mark else str(problem)
    return broken(f"its `copier.yml` can't be read: {reason}")


def _syntax(error: Exception) -> ForgeError:
    name, line = getattr(error, "name", None), getattr(error, "lineno", None)
    where = f"`{name}`, line {line}" if name else f"line {line}"
    return broken(f"{where}: {_first(str(getattr(error, 'message', '')))}")


_SENTENCES: tuple[tuple[Any, Callable[[Exception], ForgeError]], ...] = (
    (errors.UnsupportedVersionError, _version),
    (errors.ForbiddenPathError, _forbidden),
    (errors.ExtensionNotFoundError, _extension),
    ((errors.ConfigFileError, YAMLError), _config),
    (TemplateSyntaxError, _syntax),
)


def broken(reason: str) -> ForgeError:
    """Return the error for a template that can't be rendered."""
    return ForgeError(
        f"The template can't be rendered: {reason.rstrip('.')}",
        hint="Tell its author, or take another version by `--ref`.",
        code="template_broken",
    )


def unknown_ref(job: Job, tags: tuple[str, ...] = ()) -> ForgeError:
    """Return the error for a tag, branch or commit that is not there."""
    ref = job.ref or job.commit
    if not ref:
        return no_template(job.source, "its repository has no commit")
    listed = f"Its tags: {', '.join(tags[-8:])}." if tags else "It has no tags."
    return UsageError(
        f"The template has no tag, branch or commit `{ref}`",
        hint=f"{did_you_mean(ref, tags)}{listed}",
        code="template_ref",
    )


def no_template(source: str, reason: str) -> ForgeError:
    """Return the error for a source that is no template."""
    return UsageError(
        f"`{source}` is no Copier template: {reason}",
        hint="`--template` takes a folder, a shortcut like `gh:OWNER/NAME`, or a git URL: it ends "
        "in `.git` or begins with `git+`.",
        code="template_missing",
    )


def _git(error: ProcessExecutionError, job: Job, tags: tuple[str, ...]) -> ForgeError:
    lines = [line.strip() for line in str(error.stderr or "").splitlines() if line.strip()]
    told = [_FATAL.sub("", line) for line in lines if _FATAL.match(line)]
    reason = (told or lines or ["git gave no reason"])[0].rstrip(".")
    if _UNKNOWN_REF.search(reason):
        return unknown_ref(job, tags)
    return ForgeError(
        f"The template `{job.source}` can't be fetched: {reason}",
        hint="Check the address and your network; git asks for no password here, so a private "
        "repository needs a key or a credential helper.",
        code="template_fetch",
    )


def _shown(error: errors.TaskError) -> str:
    command = error.cmd
    return command if isinstance(command, str) else " ".join(map(str, command))


def _first(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "no reason was given"

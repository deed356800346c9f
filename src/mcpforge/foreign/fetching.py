"""A template on this machine: a folder, or a clone of a repository at one commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from copier._template import Template
from copier._vcs import get_git, valid_version
from packaging.version import parse

from mcpforge.errors import ForgeError
from mcpforge.foreign.refusals import no_template, sentence, unknown_ref

if TYPE_CHECKING:
    from mcpforge.foreign.models import Job

_CONFIGS = ("copier.yml", "copier.yaml")


def fetch(job: Job) -> tuple[tuple[str, ...], Template]:
    """Return the versions of a template, the newest last, and the template of a job, fetched.

    Raises `ForgeError` for what is no template, can't be had, or needs a newer Copier.
    """
    source = job.source
    local = Path(source).expanduser()
    if _is_path(source) and not local.exists():
        raise no_template(source, "there is nothing")
    template = Template(url=source, ref=job.commit or job.ref or None)
    tags: tuple[str, ...] = ()
    if template.vcs == "git":
        tags = _tags(job, template.url_expanded)
    elif not local.is_dir():
        raise no_template(source, "it is neither a folder nor a repository")
    elif job.ref:
        raise unknown_ref(job)
    try:
        root = template.local_abspath
    except Exception as error:
        raise sentence(error, job, tags) from None
    if not any((root / name).is_file() for name in _CONFIGS):
        raise no_template(source, _other(root))
    # Copier finds these when they are first asked for, the first of them by the address; the
    # answers file then names the one that the user gave.
    for name in ("config_data", "commit", "commit_hash", "version", "url_expanded"):
        getattr(template, name)
    template.url = job.told or source
    return tags, template


def _other(root: Path) -> str:
    """Return what a folder without questions is."""
    if (root / "cookiecutter.json").is_file():
        return "it has a `cookiecutter.json`"
    if (root / "HEAD").is_file() and (root / "objects").is_dir():
        return f"it is a bare repository, which is named by `git+file://{root.absolute()}`"
    return "it has no `copier.yml`"


def _is_path(source: str) -> bool:
    address = ":" in source or source.endswith(".git")
    return not address or source.startswith(("/", "./", "../", "~"))


def _tags(job: Job, url: str) -> tuple[str, ...]:
    try:
        listed = get_git()("ls-remote", "--tags", "--refs", "--", url).splitlines()
    except Exception as error:
        raise sentence(error, job) from None
    names = [line.split("refs/tags/", 1)[1] for line in listed if "refs/tags/" in line]
    return tuple(sorted((name for name in names if valid_version(name)), key=parse))


def layer(template: Template, extension: str) -> dict[str, Any] | None:
    """Return the project's layer of a fork of mcpforge's own template, which names `extension`."""
    root = template.local_abspath
    if extension not in template.jinja_extensions or not (root / "layer.toml").is_file():
        return None
    for path in root.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise ForgeError(
                f"The template leads out of its own folder: `{path.relative_to(root)}`",
                code="template_unsafe",
            )
    from mcpforge.catalog.sources import read_project

    return read_project(root)

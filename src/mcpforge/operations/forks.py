"""Projects from a fork of mcpforge's own template: made by Copier, grown by features.

A fork names mcpforge's Jinja extension in its `copier.yml`. Its folder then takes the place of the
project's own layer in the catalogue, and all verbs work as ever, for as long as mcpforge renders it
byte for byte as Copier does. The answers are Copier's; its answers file is written with them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import build
from mcpforge.catalog.manifest import Origin as Author
from mcpforge.errors import ForgeError
from mcpforge.foreign.models import Job
from mcpforge.operations.change import plan_answers
from mcpforge.operations.foreign import made_by_copier, origin_of, require_foreign
from mcpforge.operations.foreign_update import adopt_answers, read_answers
from mcpforge.operations.natives import require_native
from mcpforge.render.project import Rendered, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.foreign.models import Produced
    from mcpforge.operations.change import ChangePlan
    from mcpforge.project.lock import Lock
    from mcpforge.project.origin import Origin

_TEXTS = ("name", "title", "description", "author", "license", "python")
_SETTABLE = ("title", "description", "license", "python")


@dataclass(frozen=True, slots=True)
class Fork:
    """A fork at one version, with one set of answers: a catalogue, and what it renders.

    `fault` says why it takes no features, where it doesn't.
    """

    catalog: Catalog
    answers: Answers
    rendered: Rendered
    fault: str = ""


def fork_of(produced: Produced, catalog: Catalog, source: str) -> Fork:
    """Return what Copier made of a fork, as mcpforge makes it; compared byte for byte."""
    answers = _answers(produced.data)
    forked = _forked(produced, catalog, source, answers.license)
    try:
        rendered = render(answers, forked)
    except ForgeError as error:
        return Fork(forked, answers, Rendered({}, None, None), _fault(error.message))  # type: ignore[arg-type]
    ours = {path: file.content for path, file in rendered.tree.items()}
    theirs = {path: file.content for path, file in produced.tree.items()}
    other = sorted(
        path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)
    )
    fault = _fault(f"Copier renders `{other[0]}` otherwise") if other else ""
    return Fork(forked, answers, rendered, fault)


def _fault(reason: str) -> str:
    return f"This fork of mcpforge's template takes no features: {reason}"


def _answers(data: Mapping[str, Any]) -> Answers:
    texts = {key: str(data[key]) for key in _TEXTS if key in data}
    year = data.get("year", Answers(name="").year)
    return Answers(**texts, year=int(year))  # type: ignore[arg-type]


def _forked(produced: Produced, catalog: Catalog, source: str, license_name: str) -> Catalog:
    """Return the catalogue with a fork in place of the project's layer, rendered in a child."""
    own = build(produced.layer or {})
    files = dict(own.project.files.get("", {}))
    if license_name in own.licenses:
        files["LICENSE"] = own.licenses[license_name]
    if produced.answers_file in produced.tree:
        files[produced.answers_file] = _literal(produced.tree[produced.answers_file].text)
    author = Author(prefix="", hash=own.hash, package=source, version=produced.commit)
    layer = replace(own.project, files={**own.project.files, "": files}, origin=author)
    return replace(
        catalog, hash=f"{catalog.hash}+{own.hash}", project=layer, licenses={}, changes=()
    )


def _literal(text: str) -> str:
    """Return a template that renders to a text, whatever stands in it."""
    return f"{{{{ {text!a} }}}}"


def plan_fork(
    root: Path, lock: Lock, answers: Answers, catalog: Catalog, say: Callable[[str], None]
) -> ChangePlan:
    """Return the plan that gives a project of a fork other features, options or texts.

    Its version stays. Raises `ForgeError` for a project from any other Copier template.
    """
    origin = require_foreign(lock)
    if not origin.slots:
        require_native(lock)
    told = read_answers(root, origin.answers_file)
    known = {key: value for key, value in told.items() if not key.startswith("_")}
    changed = {
        key: getattr(answers, key)
        for key in _SETTABLE
        if getattr(answers, key) != getattr(lock.answers, key)
    }
    job = Job(
        source=origin.source,
        destination=str(root),
        told=str(told.get("_src_path") or ""),
        given=changed,
        last={**known, **origin.answers, **known},
        operation="update",
        project=str(root),
        commit=origin.commit,
    )
    produced = made_by_copier(job, say)
    lock = replace(adopt_answers(root, lock), answers=answers)
    return plan_produced(root, lock, produced, catalog, origin.source, origin.ref)[0]


def plan_produced(
    root: Path, lock: Lock, produced: Produced, catalog: Catalog, source: str, ref: str
) -> tuple[ChangePlan, Origin]:
    """Return the plan for what Copier made of a fork, with the features of the lock's answers."""
    if produced.layer is None:
        raise ForgeError(
            "This version of the template is no fork of mcpforge's any more",
            hint="Stay with the version you have, or take another one by `--ref`.",
            code="fork",
        )
    fork = fork_of(produced, catalog, source)
    if fork.fault:
        raise ForgeError(
            fork.fault,
            hint="Stay with the version you have, or tell the author of the fork.",
            code="fork",
        )
    held = lock.answers
    answers = replace(
        fork.answers,
        features=held.features,
        options=held.options,
        components=held.components,
    )
    origin = origin_of(produced, source, ref, slots=True)
    return plan_answers(root, replace(lock, origin=origin), answers, fork.catalog), origin

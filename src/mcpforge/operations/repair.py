"""`doctor --fix`: a lock made anew from what is there, and what was done, said."""

from __future__ import annotations

import contextlib
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mcpforge import __version__
from mcpforge.answers import Answers
from mcpforge.catalog.resolve import resolve
from mcpforge.errors import ForgeError, UsageError
from mcpforge.operations.edit import drop_unused_options
from mcpforge.operations.known import known_answers
from mcpforge.operations.thirdparties import check_present
from mcpforge.project import apply, pristine, thirdparties
from mcpforge.project import lock as locks
from mcpforge.project.changes import Disk, state_changes
from mcpforge.project.plan import Plan, locked_files
from mcpforge.render.project import render

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog

_OURS, _BASE, _MIDDLE, _THEIRS = "<<<<<<<", "|||||||", "=======", ">>>>>>>"


def repair(root: Path, catalog: Catalog) -> list[str]:
    """Make lock and pristine texts whole again and return what was done, a sentence each.

    The answers are those of the lock as far as it can be read: of both sides where it holds merge
    markers, as they are where they were changed by hand, else what the files in the project tell.
    No file of the project itself is touched. Raises `ForgeError` when nothing can be made of it.
    """
    text = (root / locks.PATH).read_text(encoding="utf-8", errors="replace")
    if "\n[template]\n" in text:
        raise ForgeError(
            f"The lock of a project from a Copier template is not made anew: `{locks.PATH}`",
            hint=f"Restore it from git: `git checkout -- {locks.PATH}`.",
            code="foreign_project",
        )
    answers, done = _answers(root, text, catalog)
    held = _third_parties(text)
    check_present(locks.Lock("", "", answers, {}, third_parties=held), answers, catalog)
    answers, gone = known_answers(answers, catalog)
    answers = drop_unused_options(answers, catalog)
    done += [f"Feature `{item}` is no longer there" for item in gone]
    rendered = render(answers, catalog)
    tree = rendered.tree
    lock = locks.Lock(
        *(__version__, catalog.hash, answers, locked_files(tree)),
        third_parties=thirdparties.recorded(rendered),
    )
    disk = Disk(
        read=lambda path: (root / path).read_bytes() if (root / path).is_file() else None,
        pristine=lambda identifier: pristine.read(root, identifier),
        stored=tuple(path for path in pristine.listed(root) if pristine.is_whole(root / path)),
    )
    state = state_changes(lock, tree, disk)
    if not state:
        return []
    apply.apply(root, Plan((), state))
    return [*done, f"Wrote `{locks.PATH}` and the pristine texts for the answers it holds"]


def _answers(root: Path, text: str, catalog: Catalog) -> tuple[Answers, list[str]]:
    if any(line.startswith(_OURS) for line in text.splitlines()):
        with contextlib.suppress(ForgeError, ValueError, KeyError, TypeError, AttributeError):
            first, second = (locks.parse_answers(_table(side)) for side in sides(text))
            both = united(first, second)
            resolve(catalog, known_answers(both, catalog)[0].features)
            return both, ["Joined the answers of both branches"]
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        raw = tomllib.loads(text)
        answers = locks.parse_answers(raw["answers"])
        changed = raw.get("digest") != locks.digest(answers)
        return answers, ["Took the answers as they were changed by hand"] if changed else []
    return _from_files(root, catalog), ["Took the answers from the files of the project"]


def _third_parties(text: str) -> Mapping[str, thirdparties.ThirdParty]:
    """Return what the lock, or either side of its merge markers, says of third parties."""
    found: dict[str, thirdparties.ThirdParty] = {}
    for side in {text, *sides(text)}:
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            found |= thirdparties.parse(tomllib.loads(side).get("third-parties", {}))
    return found


def _table(text: str) -> Any:
    return tomllib.loads(text)["answers"]


def sides(text: str) -> tuple[str, str]:
    """Return the two texts that a file with git's conflict markers stands for."""
    first: list[str] = []
    second: list[str] = []
    into: tuple[list[str], ...] = (first, second)
    for line in text.splitlines(keepends=True):
        if line.startswith(_OURS):
            into = (first,)
        elif line.startswith(_BASE):
            into = ()
        elif line.startswith(_MIDDLE) and into != (first, second):
            into = (second,)
        elif line.startswith(_THEIRS):
            into = (first, second)
        else:
            for lines in into:
                lines.append(line)
    return "".join(first), "".join(second)


def united(first: Answers, second: Answers) -> Answers:
    """Return what both branches chose; where they set one option differently, the first counts."""
    options = {
        feature: {**second.options.get(feature, {}), **first.options.get(feature, {})}
        for feature in sorted({*first.options, *second.options})
    }
    known = {(item.kind, item.name) for item in first.components}
    more = tuple(item for item in second.components if (item.kind, item.name) not in known)
    return replace(
        first,
        features=tuple(sorted({*first.features, *second.features})),
        options=options,
        components=(*first.components, *more),
    )


def _from_files(root: Path, catalog: Catalog) -> Answers:
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        answers = Answers(
            name=project["name"],
            title=project["name"],
            description=project.get("description", ""),
            author=_author(project.get("authors", ())),
            license=project.get("license", "none"),
            python=project.get("requires-python", ">=3.11").removeprefix(">="),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise ForgeError(
            f"Nothing can be made of `{locks.PATH}`, nor of `pyproject.toml`",
            hint="Restore them from git.",
            code="lock_broken",
        ) from None
    chosen: list[str] = []
    for feature in catalog.offered:
        paths = [
            path.replace("{{ package }}", answers.package) for path in feature.files.get("", ())
        ]
        if paths and all((root / path.removesuffix(".jinja")).exists() for path in paths):
            with contextlib.suppress(UsageError):
                resolve(catalog, [*chosen, feature.id])
                chosen.append(feature.id)
    return replace(answers, features=tuple(sorted(chosen)))


def _author(authors: Any) -> str:
    first = dict(authors[0]) if authors else {}
    name, email = first.get("name", ""), first.get("email", "")
    return f"{name} <{email}>" if email else name

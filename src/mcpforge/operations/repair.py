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
from mcpforge.project.files import read_file
from mcpforge.project.plan import Change, Plan, locked_files
from mcpforge.render.project import render
from mcpforge.tree import blob_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.project.lock import Lock
    from mcpforge.tree import Tree

_OURS, _BASE, _MIDDLE, _THEIRS = "<<<<<<<", "|||||||", "=======", ">>>>>>>"


def repair(root: Path, catalog: Catalog) -> list[str]:
    """Make lock and pristine texts whole again and return what was done, a sentence each.

    A lock that can be read keeps what it says of files and templates, so that `update` still brings
    what they lack. Else the answers are those of both sides where it holds merge markers, or what
    the files in the project tell. No file of the project itself is touched. Raises `ForgeError`
    when nothing can be made of it.
    """
    path = root / locks.PATH
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    if "\n[template]\n" in text:
        raise ForgeError(
            f"The lock of a project from a Copier template is not made anew: `{locks.PATH}`",
            hint=f"Restore it from git: `git checkout -- {locks.PATH}`.",
            code="foreign_project",
        )
    readable = _readable(text)
    if readable is not None:
        return _completed(root, text, readable, catalog)
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


def _readable(text: str) -> Lock | None:
    """Return the lock that a text stands for, whether or not its digest fits."""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        raw = tomllib.loads(text)
        known = locks.digest(locks.parse_answers(raw["answers"]))
        lock = locks.parse({**raw, "digest": known})
        return lock if lock.files else None
    return None


def _completed(root: Path, text: str, lock: Lock, catalog: Catalog) -> list[str]:
    """Write the pristine texts that are missing, and a lock with a digest that fits."""
    check_present(lock, lock.answers, catalog)
    answers = drop_unused_options(known_answers(lock.answers, catalog)[0], catalog)
    tree = render(answers, catalog).tree
    done = []
    changes = list(_missing_texts(root, lock, tree))
    if changes:
        done.append("Wrote the pristine texts that were missing or damaged")
    if tomllib.loads(text).get("digest") != locks.digest(lock.answers):
        done.append("Took the answers as they were changed by hand: `mcpforge update` applies them")
        before = blob_id((root / locks.PATH).read_bytes())
        changes.append(Change(locks.PATH, "update", before, locks.dump(lock).encode()))
    if changes:
        apply.apply(root, Plan((), tuple(changes)))
    return done


def _missing_texts(root: Path, lock: Lock, tree: Tree) -> Iterator[Change]:
    """Yield what writes the texts of a rendering that the lock names and `base/` lacks."""
    needed = {file.id for file in lock.files.values() if file.ownership == "managed"}
    for path, content in sorted(pristine.stored(tree).items()):
        place = root / path
        if place.name in needed and not pristine.is_whole(place):
            present = read_file(place)
            before = "" if present is None else blob_id(present)
            yield Change(path, "update" if before else "create", before, content)


def _answers(root: Path, text: str, catalog: Catalog) -> tuple[Answers, list[str]]:
    if any(line.startswith(_OURS) for line in text.splitlines()):
        with contextlib.suppress(ForgeError, ValueError, KeyError, TypeError, AttributeError):
            first, second = (locks.parse_answers(_table(side)) for side in sides(text))
            both = united(first, second)
            resolve(catalog, known_answers(both, catalog)[0].features)
            return both, ["Joined the answers of both branches"]
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        return locks.parse_answers(tomllib.loads(text)["answers"]), []
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

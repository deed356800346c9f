"""The lock, `.mcpforge/lock.toml`: answers and the ids of what was written; sorted and stable."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge.answers import Answers, Component
from mcpforge.errors import ForgeError
from mcpforge.project.origin import Origin, origin_lines, parse_origin
from mcpforge.project.thirdparties import ThirdParty, lock_lines
from mcpforge.project.thirdparties import parse as parse_third_parties
from mcpforge.render.filters import toml_key, toml_string
from mcpforge.tree import Ownership, blob_id

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = ".mcpforge"
PATH = f"{FOLDER}/lock.toml"
SCHEMA = 1
_TEXTS = ("name", "title", "description", "author", "license", "python")
# How `dump` writes most files: no escapes in the path, no more keys.
_FILE = re.compile(r'"([^"\\]+)" = \{ ownership = "(managed|seed)", id = "([0-9a-f]{40})" \}')
_HEADER = "# The state of this project, written by mcpforge. Commit it; change it with mcpforge."


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file as it was written: whose it is, and the git blob id of its pristine text.

    An orphan belongs to no feature any more but was edited, so it was left; `at` is where the user
    moved the file to, if anywhere.
    """

    ownership: Ownership
    id: str
    orphan: bool = False
    at: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """What is remembered of a project; `pending` names files that hold conflict markers.

    `origin` is the Copier template that it was made from, if it was; `third_parties` wrote some of
    its features, by their prefix; `id` is the blob id of the file that it was read from, if it was.
    """

    version: str
    templates: str
    answers: Answers
    files: Mapping[str, LockedFile]
    pending: tuple[str, ...] = ()
    origin: Origin | None = None
    third_parties: Mapping[str, ThirdParty] = field(default_factory=dict)
    id: str = field(default="", compare=False)


def answers_data(answers: Answers) -> dict[str, Any]:
    """Return the answers as plain data, the form that `--answers` reads."""
    data: dict[str, Any] = {key: getattr(answers, key) for key in _TEXTS}
    data["year"] = answers.year
    data["features"] = sorted(answers.features)
    data["options"] = {
        feature: {key: _plain(value) for key, value in sorted(values.items())}
        for feature, values in sorted(answers.options.items())
        if values
    }
    data["components"] = [
        {
            "kind": component.kind,
            "name": component.name,
            "options": {key: _plain(value) for key, value in sorted(component.options.items())},
        }
        for component in sorted(answers.components, key=lambda item: (item.kind, item.name))
    ]
    return data


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def digest(answers: Answers, origin: Origin | None = None) -> str:
    """Return what the lock keeps to notice answers that were changed by hand, 16 hex digits."""
    text = "\n".join([*_answer_lines(answers), *(origin_lines(origin) if origin else ())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _answer_lines(answers: Answers) -> list[str]:
    data = answers_data(answers)
    lines = ["[answers]"]
    lines += [f"{key} = {toml_string(data[key])}" for key in (*_TEXTS, "year")]
    lines.append("features = [")
    lines += [f"    {toml_string(identifier)}," for identifier in data["features"]]
    lines.append("]")
    for feature, values in data["options"].items():
        lines += ["", f"[answers.options.{toml_key(feature)}]"]
        lines += [f"{toml_key(key)} = {toml_string(value)}" for key, value in values.items()]
    for component in data["components"]:
        lines += ["", "[[answers.components]]"]
        lines += [f"{key} = {toml_string(component[key])}" for key in ("kind", "name")]
        if component["options"]:
            pairs = (f"{toml_key(k)} = {toml_string(v)}" for k, v in component["options"].items())
            lines.append(f"options = {{ {', '.join(pairs)} }}")
    return lines


def dump(lock: Lock) -> str:
    """Return the text of the lock."""
    known = toml_string(digest(lock.answers, lock.origin))
    lines = [_HEADER, f"schema = {SCHEMA}", f"digest = {known}"]
    if lock.pending:
        lines.append(f"pending = {toml_string(lock.pending)}")
    lines.append("")
    lines += ["[mcpforge]", f"version = {toml_string(lock.version)}"]
    lines += [f"templates = {toml_string(lock.templates)}", "", *_answer_lines(lock.answers), ""]
    if lock.origin:
        lines += [*origin_lines(lock.origin), ""]
    lines += lock_lines(lock.third_parties)
    lines.append("[files]")
    for path, file in sorted(lock.files.items()):
        pairs = [f"ownership = {toml_string(file.ownership)}", f"id = {toml_string(file.id)}"]
        if file.orphan:
            pairs.append("orphan = true")
        if file.at:
            pairs.append(f"at = {toml_string(file.at)}")
        entry = f"{{ {', '.join(pairs)} }}"
        lines.append(f"{toml_string(path)} = {entry}")
    return "\n".join(lines) + "\n"


def find(start: Path) -> Path:
    """Return the root of the project that a folder belongs to; raises `ForgeError` outside one."""
    place = Path(os.path.normpath(start.absolute()))  # else `demo/..` is below `demo`
    for folder in (place, *place.parents) if place.is_dir() else ():
        if (folder / PATH).is_file():
            return folder
    raise ForgeError(
        f"`{start}` is not inside a project of mcpforge",
        hint="Make one with `mcpforge new NAME`, or name its folder with `-C DIR`.",
        code="no_project",
    )


def load(root: Path) -> Lock:
    """Read the lock of a project.

    Raises `ForgeError` for a lock that is no TOML, has merge markers, comes from a newer schema,
    or whose answers were changed by hand.
    """
    try:
        data = (root / PATH).read_bytes()
        text = data.decode("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(getattr(error, "strerror", None) or "it is no UTF-8 text") from None
    if any(line.startswith(("<<<<<<<", ">>>>>>>")) for line in text.splitlines()):
        raise ForgeError(
            f"`{PATH}` has merge markers",
            hint="Keep both sides' answers and remove the markers.",
            code="lock_conflict",
        )
    try:
        return replace(parse(_read(text)), id=blob_id(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"no `{error.args[0]}`" if isinstance(error, KeyError) else str(error)
        raise _broken(reason) from None


def _broken(reason: str) -> ForgeError:
    return ForgeError(
        f"`{PATH}` can't be read: {reason}",
        hint=f"Restore it from git: `git checkout -- {PATH}`.",
        code="lock_broken",
    )


def _read(text: str) -> dict[str, Any]:
    """Return the lock's data: the long list of files by its own form, the rest by tomllib."""
    import tomllib

    head, found, listed = text.partition("\n[files]\n")
    files: dict[str, Any] = {}
    for line in listed.splitlines():
        match = _FILE.fullmatch(line)
        if not match:
            return tomllib.loads(text)
        files[match[1]] = {"ownership": match[2], "id": match[3]}
    return {**tomllib.loads(head), "files": files} if found else tomllib.loads(text)


def parse(raw: Mapping[str, Any]) -> Lock:
    """Return the lock that this data stands for; raises `ForgeError` for a newer or edited one."""
    if raw["schema"] > SCHEMA:
        raise ForgeError(
            f"`{PATH}` was written by mcpforge {raw['mcpforge']['version']}, which is newer",
            hint=f"Install it: `uv tool install 'mcpforge>={raw['mcpforge']['version']}'`.",
            code="lock_newer",
        )
    lock = Lock(
        version=raw["mcpforge"]["version"],
        templates=raw["mcpforge"]["templates"],
        answers=parse_answers(raw["answers"]),
        files={
            path: LockedFile(
                item["ownership"], item["id"], item.get("orphan", False), item.get("at", "")
            )
            for path, item in raw["files"].items()
        },
        pending=tuple(raw.get("pending", ())),
        origin=parse_origin(raw["template"]) if "template" in raw else None,
        third_parties=parse_third_parties(raw.get("third-parties", {})),
    )
    if raw["digest"] != digest(lock.answers, lock.origin):
        raise ForgeError(
            f"The answers in `{PATH}` were changed by hand",
            hint="Restore it from git; `mcpforge add`, `remove` and `set` change answers.",
            code="lock_edited",
        )
    return lock


def parse_answers(raw: Mapping[str, Any]) -> Answers:
    """Return the answers of a lock."""
    options = {
        feature: {key: _value(value) for key, value in values.items()}
        for feature, values in raw.get("options", {}).items()
    }
    components = tuple(
        Component(
            item["kind"],
            item["name"],
            {key: _value(value) for key, value in item.get("options", {}).items()},
        )
        for item in raw.get("components", ())
    )
    return Answers(
        **{key: raw[key] for key in _TEXTS},
        year=raw["year"],
        features=tuple(raw["features"]),
        options=options,
        components=components,
    )


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

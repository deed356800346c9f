"""Which Copier template a project was made from, as the lock keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcpforge.render.filters import toml_key, toml_string

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = ("source", "ref", "commit", "version", "answers_file")


@dataclass(frozen=True, slots=True)
class Origin:
    """A Copier template: where it is, at which commit, and the answers that were given.

    `source` is its folder or address, `ref` what was asked for, `commit` and `version` what that
    was; `answers_file` is Copier's own, `answers` are all but the secret ones, whose names are in
    `secrets`. `slots` says that it is a fork of mcpforge's own template, which takes features.
    """

    source: str
    ref: str = ""
    commit: str = ""
    version: str = ""
    answers_file: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    slots: bool = False


def origin_lines(origin: Origin) -> list[str]:
    """Return the tables of the lock; what TOML has no form for stands there as JSON."""
    lines = ["[template]"]
    lines += [f"{key} = {toml_string(getattr(origin, key))}" for key in _TEXTS]
    lines.append(f"secrets = {toml_string(sorted(origin.secrets))}")
    lines.append(f"slots = {toml_string(origin.slots)}")
    plain = {key: value for key, value in origin.answers.items() if _is_plain(value)}
    other = {key: value for key, value in origin.answers.items() if key not in plain}
    lines += ["", "[template.answers]"]
    lines += [f"{toml_key(key)} = {toml_string(value)}" for key, value in sorted(plain.items())]
    if other:
        lines += ["", "[template.json]"]
        texts = {key: json.dumps(value, sort_keys=True) for key, value in other.items()}
        lines += [f"{toml_key(key)} = {toml_string(text)}" for key, text in sorted(texts.items())]
    return lines


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str | bool | int) for item in value)
    return isinstance(value, str | bool | int | float)


def parse_origin(raw: Mapping[str, Any]) -> Origin:
    """Return what the tables of a lock stand for."""
    answers = {**raw.get("answers", {})}
    answers |= {key: json.loads(text) for key, text in raw.get("json", {}).items()}
    return Origin(
        **{key: raw[key] for key in _TEXTS},
        answers=answers,
        secrets=tuple(raw["secrets"]),
        slots=raw["slots"],
    )

"""The verbs that change a project, each as one function from answers to answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpforge import __version__
from mcpforge.catalog.resolve import resolve
from mcpforge.operations.edit import (
    add_components,
    add_features,
    remove_components,
    remove_features,
    set_options,
    set_texts,
    set_values,
)
from mcpforge.operations.grammar import read_words
from mcpforge.operations.thirdparties import news

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mcpforge.answers import Answers, Component
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.operations.grammar import Wish
    from mcpforge.project.lock import Lock


@dataclass(frozen=True, slots=True)
class Edit:
    """Other answers for a project, what to say when they are in, and when they were already.

    `news` are lines to be told first.
    """

    answers: Answers
    done: str
    nothing: str
    news: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Addition:
    """What `add` was told beside its words: options as text or as data, those of components."""

    values: Sequence[str] = ()
    options: Mapping[str, Mapping[str, object]] | None = None
    given: Mapping[str, object] | None = None
    replacing: bool = False
    custom: bool = False


def added(answers: Answers, catalog: Catalog, words: Sequence[str], more: Addition) -> Edit:
    """Return the answers with what `mcpforge add WORD…` names.

    Raises `UsageError` for unknown words, options, and choices that don't go together.
    """
    wish = read_words(words, catalog, verb="add", custom=more.custom, present=_components(answers))
    made = _made(wish, more.given or {}, catalog, answers)
    return with_parts(answers, catalog, wish.features, made, more)


def with_parts(
    answers: Answers,
    catalog: Catalog,
    features: Sequence[str],
    components: Sequence[Component],
    more: Addition,
) -> Edit:
    """Return the answers with these features, components and values; raises as `added`."""
    before = answers.features
    answers = add_features(answers, features, catalog, replacing=more.replacing)
    answers = add_components(answers, components)
    answers = set_values(answers, more.values, catalog)
    answers = set_options(answers, more.options or {}, catalog)
    listed = _listed([*features, *(f"{item.kind} {item.name}" for item in components)])
    along = _along(catalog, before, answers.features, features)
    return Edit(answers, f"Added {listed}{along}", f"{listed} is already there")


def _made(
    wish: Wish, given: Mapping[str, object], catalog: Catalog, answers: Answers
) -> list[Component]:
    if not (wish.components or wish.skeleton):
        return []
    from mcpforge.operations.components import make_component, skeleton

    made = [make_component(kind, name, given, catalog, answers) for kind, name in wish.components]
    return [*made, skeleton(given, catalog, answers)] if wish.skeleton else made


def removed(
    answers: Answers,
    catalog: Catalog,
    words: Sequence[str],
    *,
    cascade: bool = False,
    custom: bool = False,
) -> Edit:
    """Return the answers without what `mcpforge remove WORD…` names.

    Raises `UsageError` for unknown words, and for what another feature needs unless `cascade`.
    """
    present = _components(answers)
    wish = read_words(words, catalog, verb="remove", custom=custom, present=present)
    unwanted = list(wish.components)
    if wish.skeleton:
        unwanted += [(kind, name) for kind, name in present if kind == wish.skeleton]
    return without_parts(answers, catalog, wish.features, unwanted, cascade=cascade)


def without_parts(
    answers: Answers,
    catalog: Catalog,
    features: Sequence[str],
    components: Sequence[tuple[str, str]],
    *,
    cascade: bool = False,
) -> Edit:
    """Return the answers without these features and components (kind, name)."""
    before = answers.features
    answers = remove_features(answers, features, catalog, cascade=cascade)
    answers = remove_components(answers, components)
    listed = _listed([*features, *(f"{kind} {name}" for kind, name in components)])
    along = _along(catalog, answers.features, before, features)
    return Edit(answers, f"Removed {listed}{along}", f"{listed} is not in this project")


def _along(
    catalog: Catalog, fewer: Sequence[str], more: Sequence[str], named: Sequence[str]
) -> str:
    """Return what comes, or goes, along with the named features, as the end of a sentence."""
    others = {*resolve(catalog, more).ids} - {*resolve(catalog, fewer).ids} - {*named}
    return f", and {_listed(sorted(others))} with it" if others else ""


def assigned(answers: Answers, catalog: Catalog, values: Sequence[str]) -> Edit:
    """Return the answers with other values; raises `UsageError` for what can't be set."""
    listed = _listed(values)
    return Edit(set_values(answers, values, catalog), f"Set {listed}", f"{listed} is so already")


def changed(
    answers: Answers,
    catalog: Catalog,
    options: Mapping[str, Mapping[str, object]],
    texts: Mapping[str, str],
) -> Edit:
    """Return the answers with other options and texts, given as data; raises as `assigned`."""
    answers = set_texts(set_options(answers, options, catalog), texts)
    named = [f"{feature}.{name}" for feature, values in options.items() for name in values]
    listed = _listed([*named, *texts])
    return Edit(answers, f"Set {listed}", f"{listed} is so already")


def updated(lock: Lock, catalog: Catalog) -> Edit:
    """Return the answers as they are, for the templates of the installed mcpforge."""
    return Edit(
        lock.answers,
        f"Updated from mcpforge {lock.version} to {__version__}",
        f"the project has the templates of mcpforge {__version__}",
        (*catalog.changes_since(lock.version), *news(lock, catalog)),
    )


def _components(answers: Answers) -> list[tuple[str, str]]:
    return [(item.kind, item.name) for item in answers.components]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)

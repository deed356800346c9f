"""Answers in, answers out: what `add`, `remove` and `set` do to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcpforge import answers as rules
from mcpforge.catalog.options import find_option, parse_value
from mcpforge.catalog.resolve import resolve
from mcpforge.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mcpforge.answers import Answers, Component, OptionValue
    from mcpforge.catalog.catalog import Catalog

_TEXTS = ("title", "description", "license", "python")


def add_features(
    answers: Answers, wanted: Sequence[str], catalog: Catalog, *, replacing: bool = False
) -> Answers:
    """Return the answers with more features.

    Raises `UsageError` when one fills a single choice that another explicit one fills already,
    unless `replacing`.
    """
    features = set(answers.features)
    for identifier in wanted:
        feature = catalog.feature(identifier)
        choice = catalog.single_choice(feature)
        rivals = [
            other
            for other in sorted(features)
            if choice
            and other != identifier
            and catalog.single_choice(catalog.feature(other)) == choice
        ]
        if rivals and not replacing:
            raise UsageError(
                f"This project already has `{rivals[0]}`, and it can have one {choice}",
                hint=f"`mcpforge add {identifier} --replace` takes `{rivals[0]}` out for it.",
                code="single_choice",
            )
        features -= set(rivals)
        features.add(identifier)
    return _with_features(answers, features)


def remove_features(
    answers: Answers, unwanted: Sequence[str], catalog: Catalog, *, cascade: bool = False
) -> Answers:
    """Return the answers with fewer features; one that is not chosen is no error.

    Raises `UsageError` when another feature needs one of them, unless `cascade`, which takes that
    one out as well.
    """
    features = set(answers.features) - set(unwanted)
    while True:
        selection = resolve(catalog, features)
        needed = [item for item in unwanted if item in selection.ids]
        if not needed:
            return _with_features(answers, features)
        needing = selection.implied_by[needed[0]]
        explicit = _explicit_roots(needing, selection.implied_by, features)
        if not cascade:
            raise UsageError(
                f"`{needing[0]}` needs `{needed[0]}`",
                hint=f"`mcpforge remove {needed[0]} --cascade` takes out {_list(explicit)} too.",
                code="needed",
            )
        features -= set(explicit)


def _explicit_roots(needing: Iterable[str], implied: object, features: Iterable[str]) -> list[str]:
    """Return the explicit features that, over any number of steps, need something."""
    reasons = dict(implied)  # type: ignore[call-overload]
    chosen, found, waiting = set(features), set(), list(needing)
    while waiting:
        identifier = waiting.pop()
        if identifier in chosen:
            found.add(identifier)
        else:
            waiting.extend(reasons.get(identifier, ()))
    return sorted(found)


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def add_components(answers: Answers, components: Iterable[Component]) -> Answers:
    """Return the answers with more components of the user's own; known ones stay as they are."""
    known = {(item.kind, item.name) for item in answers.components}
    fresh = [item for item in components if (item.kind, item.name) not in known]
    return replace(answers, components=(*answers.components, *fresh))


def remove_components(answers: Answers, unwanted: Iterable[tuple[str, str]]) -> Answers:
    """Return the answers without these components (kind, name)."""
    gone = {(kind, name.replace("-", "_")) for kind, name in unwanted}
    kept = (item for item in answers.components if (item.kind, item.name) not in gone)
    return replace(answers, components=tuple(kept))


def set_values(answers: Answers, assignments: Sequence[str], catalog: Catalog) -> Answers:
    """Return the answers with other values: `FEATURE.OPTION=VALUE`, or one of the texts.

    Raises `UsageError` for what is unknown, of the wrong type, or not chosen.
    """
    options = {feature: dict(values) for feature, values in answers.options.items()}
    texts: dict[str, str] = {}
    selected = resolve(catalog, answers.features).ids
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        if not equals or not path:
            raise UsageError(
                f"`{assignment}` is not of the form FEATURE.OPTION=VALUE",
                hint=f"For example `caching.ttl=60`, or a text: {', '.join(_TEXTS)}.",
            )
        feature, dot, name = path.partition(".")
        if dot:
            _set_option(options, catalog, feature, name, value, selected)
        else:
            texts[_text_name(path)] = _text_value(path, value)
    kept = {feature: values for feature, values in options.items() if values}
    return replace(answers, options=kept, **texts)  # type: ignore[arg-type]


def set_texts(answers: Answers, texts: Mapping[str, str]) -> Answers:
    """Return the answers with other texts; raises `UsageError` for what can't be set."""
    checked = {_text_name(name): _text_value(name, value) for name, value in texts.items()}
    return replace(answers, **checked)  # type: ignore[arg-type]


def set_options(
    answers: Answers, wanted: Mapping[str, Mapping[str, object]], catalog: Catalog
) -> Answers:
    """Return the answers with other options, given as data: feature → option → value.

    Raises `UsageError` for what is unknown, of the wrong type, or not chosen.
    """
    options = {feature: dict(values) for feature, values in answers.options.items()}
    selected = resolve(catalog, answers.features).ids if wanted else ()
    for feature, values in wanted.items():
        for name, value in values.items():
            _set_option(options, catalog, feature, name, value, selected)
    return replace(answers, options={key: values for key, values in options.items() if values})


def _set_option(
    options: dict[str, dict[str, OptionValue]],
    catalog: Catalog,
    identifier: str,
    name: str,
    value: object,
    selected: Sequence[str],
) -> None:
    feature = catalog.feature(identifier)
    option = find_option(feature, name)
    parsed = parse_value(feature, option, value)
    if identifier not in selected:
        raise UsageError(
            f"`{identifier}` is not in this project, so it has no options",
            hint=f"Add it first: `mcpforge add {identifier}`.",
        )
    options.setdefault(identifier, {}).pop(option.name, None)
    if parsed != option.default:
        options[identifier][option.name] = parsed


def _text_name(name: str) -> str:
    if name not in _TEXTS:
        raise UsageError(
            f"`{name}` can't be set",
            hint=did_you_mean(name, _TEXTS) + f"FEATURE.OPTION, or one of: {', '.join(_TEXTS)}.",
        )
    return name


def _text_value(name: str, value: str) -> str:
    if name == "license":
        return rules.check_choice(value, rules.LICENSES, "license")
    if name == "python":
        return rules.check_choice(value, rules.PYTHONS, "python")
    if not value.strip():
        raise UsageError(f"`{name}` can't be empty")
    return rules.check_text(value, name)


def _with_features(answers: Answers, features: Iterable[str]) -> Answers:
    return replace(answers, features=tuple(sorted(features)))


def drop_unused_options(answers: Answers, catalog: Catalog) -> Answers:
    """Return the answers without options of features that are no longer part of the project."""
    selected = resolve(catalog, answers.features).ids
    kept = {feature: values for feature, values in answers.options.items() if feature in selected}
    return replace(answers, options=kept)

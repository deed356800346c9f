"""From what was asked for (preset, with, without, set, an answers file) to answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mcpforge import answers as rules
from mcpforge.answers import Answers
from mcpforge.catalog.options import find_option, parse_value
from mcpforge.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mcpforge.answers import OptionValue
    from mcpforge.catalog.catalog import Catalog

DEFAULT_DESCRIPTION = "An MCP server built with FastMCP."
_ANSWER_KEYS = (
    *("name", "title", "description", "author", "license", "python", "year"),
    *("preset", "features", "options", "components"),
)
_TEXTS = ("name", "title", "description", "author", "license", "python")


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for; None where nothing was said."""

    name: str | None = None
    title: str | None = None
    description: str | None = None
    author: str | None = None
    license: str | None = None
    python: str | None = None
    preset: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)


def decide(catalog: Catalog, request: Request, *, author: str, year: int) -> Answers:
    """Return the answers that a request amounts to; flags beat the answers file, it beats defaults.

    `author` and `year` are the defaults of this machine, read once by the caller. Raises
    `UsageError` for whatever is not right, naming the flag.
    """
    given = _checked_file(request.answers)
    texts = {key: _first(getattr(request, key), given.get(key)) for key in _TEXTS}
    name = rules.check_name(texts["name"] or "", _module_names(catalog))
    features, options = _features(catalog, request, given)
    answers = Answers(
        name=name,
        title=_text(texts["title"], rules.default_title(name), "--title"),
        description=_text(texts["description"], DEFAULT_DESCRIPTION, "--description"),
        author=_text(texts["author"], author, "--author"),
        license=rules.check_choice(_first(texts["license"], "MIT"), rules.LICENSES, "--license"),
        python=rules.check_choice(_first(texts["python"], "3.11"), rules.PYTHONS, "--python"),
        year=given.get("year", year),
        features=features,
        options=options,
    )
    if not given.get("components"):
        return answers
    from mcpforge.operations.components import read_components

    return replace(answers, components=read_components(given["components"], catalog, answers))


def _first(flag: str | None, filed: Any) -> Any:
    return flag if flag is not None else filed


def _text(value: str | None, default: str, flag: str) -> str:
    return rules.check_text(value if value is not None and value.strip() else default, flag)


def _checked_file(data: Mapping[str, Any]) -> Mapping[str, Any]:
    for key, value in data.items():
        if key not in _ANSWER_KEYS:
            raise _bad_answers(
                f"The answers hold an unknown key `{key}`", did_you_mean(key, _ANSWER_KEYS)
            )
        expected: type = {
            "year": int,
            "features": list,
            "options": dict,
            "components": list,
        }.get(key, str)
        if not isinstance(value, expected) or isinstance(value, bool):
            kind = {int: "a whole number", list: "a list", dict: "a table", str: "text"}[expected]
            raise _bad_answers(f"In the answers, `{key}` must be {kind}")
    if data.get("year", rules.FIRST_YEAR) not in range(rules.FIRST_YEAR, rules.LAST_YEAR + 1):
        raise _bad_answers("In the answers, `year` must have four digits")
    if not all(isinstance(item, str) for item in data.get("features", ())):
        raise _bad_answers("In the answers, `features` must be a list of texts")
    for feature, values in data.get("options", {}).items():
        if not isinstance(values, dict):
            raise _bad_answers(f"In the answers, `options.{feature}` must be a table")
    return data


def _bad_answers(message: str, near: str = "") -> UsageError:
    return UsageError(message, hint=f"{near}See `mcpforge features --schema`.", code="bad_answers")


def _module_names(catalog: Catalog) -> frozenset[str]:
    """Return what may not be a package's name: everything that a project could depend on."""
    from mcpforge.render.contributions import split_requirement

    layers = (catalog.project, *catalog.groups.values(), *catalog.features.values())
    requirements = (
        item
        for layer in layers
        for key in ("dependencies", "dev-dependencies")
        for item in layer.lists.get(key, ())
    )
    return frozenset(rules.package_name(split_requirement(item)[0]) for item in requirements)


def _features(
    catalog: Catalog,
    request: Request,
    given: Mapping[str, Any],
) -> tuple[tuple[str, ...], dict[str, dict[str, OptionValue]]]:
    chosen = expand(catalog, given.get("features", ()))
    chosen += expand(catalog, request.include)
    preset = _first(request.preset, given.get("preset"))
    if preset is None and not chosen:
        preset = "minimal"
    left_out = _left_out(catalog, request.exclude)
    both = sorted(left_out & set(expand(catalog, request.include)))
    if both:
        raise UsageError(
            f"`{both[0]}` is both in `--with` and in `--without`",
            hint="Take one of the two away.",
        )
    filled = {choice for item in chosen if (choice := catalog.single_choice(catalog.feature(item)))}
    from_preset = [
        identifier
        for identifier in (() if preset is None else catalog.preset(preset))
        if catalog.single_choice(catalog.feature(identifier)) not in filled
    ]
    features = tuple(sorted({*from_preset, *chosen} - left_out))
    if left_out:
        _check_left_out(catalog, features, left_out)
    return features, _options(catalog, request.options, given.get("options", {}), features)


def _check_left_out(catalog: Catalog, features: Sequence[str], left_out: set[str]) -> None:
    from mcpforge.catalog.resolve import resolve

    for identifier, origins in sorted(resolve(catalog, features).implied_by.items()):
        if identifier in left_out:
            raise UsageError(
                f"`{identifier}` can't be left out, `{origins[0]}` needs it",
                hint=f"Leave out both: `--without {origins[0]}`.",
                code="needed",
            )


def expand(catalog: Catalog, items: Iterable[str]) -> list[str]:
    """Return the ids that `--with` names: `FEATURE`, `GROUP=FEATURE`, `GROUP` for its default."""
    found = []
    for item in items:
        if "," in item:
            raise UsageError(
                f"`{item}` is not one feature",
                hint="Name each by itself, without commas.",
                code="unknown_feature",
            )
        group, equals, feature = item.partition("=")
        if equals:
            members = [member.id for member in catalog.members(catalog.group(group).id)]
            if feature not in members:
                raise UsageError(
                    f"Group `{group}` has no feature `{feature}`",
                    hint=did_you_mean(feature, members) + f"It has: {', '.join(members)}.",
                    code="unknown_feature",
                )
            found.append(feature)
        elif item in catalog.features or item not in catalog.groups:
            found.append(catalog.feature(item).id)
        else:
            found.append(default_member(catalog, item))
    return found


def default_member(catalog: Catalog, group: str) -> str:
    """Return the feature that a group named alone means; raises `UsageError` where it has none."""
    default = catalog.groups[group].default
    if not default:
        members = ", ".join(member.id for member in catalog.members(group))
        raise UsageError(
            f"Group `{group}` has no default, so name a feature of it",
            hint=f"It has: {members}.",
            code="ambiguous_group",
        )
    return default


def _left_out(catalog: Catalog, items: Iterable[str]) -> set[str]:
    left: set[str] = set()
    for item in items:
        if item in catalog.groups and item not in catalog.features:
            left.update(member.id for member in catalog.members(item))
        else:
            feature = catalog.feature(item)
            if feature.internal:
                raise UsageError(
                    f"`{item}` is no choice of its own: other features bring it along",
                    hint="Leave out what brings it.",
                    code="internal_feature",
                )
            left.add(item)
    return left


def _options(
    catalog: Catalog,
    flags: Sequence[str],
    given: Mapping[str, Any],
    features: Sequence[str],
) -> dict[str, dict[str, OptionValue]]:
    """Return what differs from the defaults; options of implied features count too."""
    from mcpforge.catalog.resolve import resolve

    asked: list[tuple[str, str, Any]] = []
    for feature, values in given.items():
        catalog.feature(feature)
        asked.extend((feature, name, value) for name, value in values.items())
    for flag in flags:
        path, equals, value = flag.partition("=")
        feature, dot, name = path.partition(".")
        if not (equals and dot and feature and name):
            raise UsageError(
                f"`--set {flag}` is not of the form FEATURE.OPTION=VALUE",
                hint="For example `--set caching.ttl=60`.",
            )
        asked.append((feature, name, value))
    selected = resolve(catalog, features).ids if asked else ()
    options: dict[str, dict[str, OptionValue]] = {}
    for identifier, name, value in asked:
        layer = catalog.feature(identifier)
        option = find_option(layer, name)
        parsed = parse_value(layer, option, value)
        if identifier not in selected:
            raise UsageError(
                f"`{identifier}.{name}` is set, but `{identifier}` is not chosen",
                hint=f"Add `--with {identifier}`.",
            )
        options.setdefault(identifier, {}).pop(option.name, None)
        if parsed != option.default:
            options[identifier][option.name] = parsed
    return {identifier: values for identifier, values in options.items() if values}

"""From explicit choices to the ordered selection they stand for, or a reasoned refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcpforge.errors import ForgeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mcpforge.answers import OptionValue
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen features in rendering order, and who implied those not chosen by name."""

    features: tuple[Layer, ...]
    implied_by: Mapping[str, tuple[str, ...]]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of what can be chosen, in order."""
        return tuple(feature.id for feature in self.features if not feature.internal)

    def holds(self, condition: str) -> bool:
        """Say whether a feature, or any member of a group, with this id is chosen."""
        return any(condition in (feature.id, feature.group) for feature in self.features)


def resolve(catalog: Catalog, explicit: Iterable[str]) -> Selection:
    """Return what the explicit choices amount to.

    Raises `UsageError` for unknown ids, two features that exclude each other or fill the same
    single choice, and `ForgeError` for features that need each other in a circle.
    """
    wanted = {name: _choice(catalog, name) for name in sorted(set(explicit))}
    chosen = dict(wanted)
    implied: dict[str, set[str]] = {}
    _check_choices(catalog, chosen, {})
    while missing := _missing(chosen):
        for identifier, origins in missing.items():
            chosen[identifier] = catalog.feature(identifier)
            implied.setdefault(identifier, set()).update(origins)
    for feature in chosen.values():
        for needed in _needs(feature, chosen):
            if needed not in wanted:
                implied.setdefault(needed, set()).add(feature.id)
    reasons = {
        key: tuple(sorted(_offered(origins, implied, chosen)))
        for key, origins in implied.items()
        if not chosen[key].internal
    }
    _check_choices(catalog, chosen, reasons)
    return Selection(tuple(_ordered(catalog, chosen)), reasons)


def _offered(
    origins: Iterable[str], implied: Mapping[str, set[str]], chosen: Mapping[str, Layer]
) -> set[str]:
    """Return the origins, in place of internal ones what brings those along."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(origins)
    while waiting:
        origin = waiting.pop()
        if not chosen[origin].internal:
            found.add(origin)
        elif origin not in seen:
            seen.add(origin)
            waiting += implied.get(origin, ())
    return found


def _choice(catalog: Catalog, identifier: str) -> Layer:
    feature = catalog.feature(identifier)
    if feature.internal:
        raise UsageError(
            f"`{feature.id}` is no choice of its own: other features bring it along",
            hint="See `mcpforge features`.",
            code="internal_feature",
        )
    return feature


def _needs(feature: Layer, chosen: Mapping[str, Layer]) -> list[str]:
    """Return the ids among `chosen` that this feature stands on, a group's default included."""
    needs = list(feature.requires)
    for group, default in feature.requires_group.items():
        members = [item.id for item in chosen.values() if item.group == group]
        needs.extend(members if members == [default] else [])
    return needs


def _missing(chosen: Mapping[str, Layer]) -> dict[str, set[str]]:
    missing: dict[str, set[str]] = {}
    for feature in chosen.values():
        for needed in feature.requires:
            if needed not in chosen:
                missing.setdefault(needed, set()).add(feature.id)
    if missing:
        return missing
    for identifier in sorted(chosen):
        for group, default in sorted(chosen[identifier].requires_group.items()):
            if not any(item.group == group for item in chosen.values()):
                return {default: {identifier}}
    return {}


def _check_choices(
    catalog: Catalog,
    chosen: Mapping[str, Layer],
    implied: Mapping[str, tuple[str, ...]],
) -> None:
    filled: dict[str, str] = {}
    for identifier in sorted(chosen):
        feature = chosen[identifier]
        choice = catalog.single_choice(feature)
        if choice and choice in filled:
            raise UsageError(
                f"`{filled[choice]}` and `{identifier}` can't both be chosen: "
                f"a project has one {choice}{_because(filled[choice], identifier, implied)}",
                hint="Choose one of the two.",
                code="single_choice",
            )
        if choice:
            filled[choice] = identifier
        for other in feature.excludes:
            if other in chosen:
                raise UsageError(
                    f"`{identifier}` and `{other}` exclude each other"
                    f"{_because(other, identifier, implied)}",
                    hint=f"Leave one out, for example `--without {other}`.",
                    code="excluded",
                )


def _because(first: str, second: str, implied: Mapping[str, tuple[str, ...]]) -> str:
    for identifier in (first, second):
        if identifier in implied:
            return f" (`{identifier}` is implied by `{implied[identifier][0]}`)"
    return ""


def _ordered(catalog: Catalog, chosen: Mapping[str, Layer]) -> list[Layer]:
    """Return the features, each behind what it requires and follows; else by group and id."""
    rank = {group: number for number, group in enumerate(catalog.groups)}
    waiting = sorted(chosen.values(), key=lambda feature: (rank[feature.group], feature.id))
    done: list[Layer] = []
    placed: set[str] = set()
    while waiting:
        for feature in waiting:
            before = {*feature.requires, *feature.after} & chosen.keys()
            if before <= placed:
                break
        else:
            circle = ", ".join(f"`{feature.id}`" for feature in waiting)
            raise ForgeError(f"These features need each other in a circle: {circle}", code="cycle")
        waiting.remove(feature)
        done.append(feature)
        placed.add(feature.id)
    return done


def option_values(
    feature: Layer,
    given: Mapping[str, OptionValue],
) -> dict[str, Any]:
    """Return all options of a feature: the given values, else the defaults."""
    return {name: given.get(name, option.default) for name, option in feature.options.items()}

"""The plan of real projects: every feature, option value and pair of features, in few projects."""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from mcpforge.answers import LICENSES, PYTHONS
from mcpforge.catalog.catalog import load
from mcpforge.catalog.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mcpforge.answers import OptionValue
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer, Option

MOST = 40
FEW = 4
TRIES = 5
SEED = 20260722

# What no type says: one more value for each option that is text or a list; of any feature first.
TEXTS: dict[tuple[str, str], tuple[str | tuple[str, ...], ...]] = {
    ("", "prefix"): ("shared.prefix_1",),
    ("authorization", "tags"): (("analysis", "cached", "admin"),),
    ("contextforge", "tags"): (("csv", "v1.2", "team:data-9"),),
    ("http-client", "url"): ('https://api.example.org:8443/it\'s/"a"\\path',),
    ("memory", "prefix"): ("p",),
    ("rate-limit", "address_limit"): ("5000/hour",),
    ("rate-limit", "limit"): ("100/second",),
    ("mcp-registry", "namespace"): ("com.example.tools",),
    ("mcp-registry", "url"): ("https://tools.example.com/mcp",),
    ("mcp-registry", "repository"): ("https://github.com/ada/weather",),
    ("redis", "prefix"): ("Weather-" + "x" * 56,),
}

NAMES = (
    *("minimal", "my-server", "production.server"),
    *("a", "abcdefghij-abcdefghij-abcdefghij-abcdefg", "My.Weather_Server", "UPPER", "x1"),
    *("git-tools", "Zed-9.Alpha_beta", "mcp2", "b", "long-name-with-many-dashes-in-it-0123456"),
    *("Camel.Case", "d.o.t.s", "un_der_score", "q7-7q", "fastmcp-thing", "Server-2000", "z"),
    *("uv-helper", "nine.9", "AbCdEfGhIjKlMnOpQrStUvWxYz.AbCdEfGhIjKlM", "data-2-go", "e"),
    *("mixed-._-Separators", "aws-thing", "tool.kit", "n0", "K", "weather", "Weather-Two"),
    *("notes_and_more", "one.two.three", "s3rver", "long.name.with.dots.aaaaaaaaaaaaaaaaaaaaa"),
    *("python-3", "h-2-o", "MCP-Forge-Child", "last-one"),
)

# Texts that break out of whatever quotes them, if they can.
TITLES = (
    "Minimal",
    "Wetter für \U0001f326 Zürich – “quoted”",
    """It's "quoted" \\ and '''more''' \"\"\"still\"\"\" """,
    "{{ 7 * 7 }} {% raw %} {# gone #} ${HOME} $(id) `id` %s {0}",
    "</script><b>&amp; <!-- --> [link](javascript:alert(1)) | # * _ ~~",
    "key: [value, {a: b}] # comment",
    "\\",
    "שלום \u202eevil\u202c 你好",
    "'",
    "x" * 300,
)
DESCRIPTIONS = (
    "Does what it says.",
    'First line\nsecond "line"\n\n---\nfourth: yes # no\n\ttabbed',
    '"""\nimport os\nos.abort()\n"""',
    "]]>\n[project]\nname = 'evil'\n\"\"\"'''",
    "ends with a backslash \\",
    "a\r\nb\u2028c\u0085d\tē",
    "{{ package }} {{ settings }} {% for x in y %}",
    "- a\n- b: |\n    c\n? d\n: e",
    "Uses $PATH, ${X:-y}, `whoami`; then \"; rm -rf / #'",
    "word " * 380,
)
AUTHORS = (
    "Ada Lovelace <ada@example.com>",
    'Bobby "Tables\\" <b.t+x@example.org>',
    "O'Neil",
    "",
    "Ünïcödé [x] = { y } # z",
    "not <a mail>",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One project of the plan. `features` are the explicit choices, `chosen` all of them."""

    name: str
    features: tuple[str, ...]
    chosen: frozenset[str]
    preset: str = ""
    options: Mapping[str, Mapping[str, OptionValue]] = field(default_factory=dict)
    number: int = 0
    title: str = ""
    description: str = ""
    author: str = ""
    license: str = "MIT"
    python: str = "3.11"

    @property
    def id(self) -> str:
        """What pytest shows."""
        return f"{self.number:02}-{self.preset or len(self.chosen)}-{self.name}"


class Cover:
    """Pairs of features as bits: which are wanted, and which some project already has.

    Of the many that a group offers for one choice, providers and stores, each is in some project;
    one of each kind also meets all other features.
    """

    def __init__(self, catalog: Catalog) -> None:
        """Find all features, what each brings along, and which can't stand together."""
        self.catalog = catalog
        # What only comes along with others is no choice of its own, and no part of a pair.
        self.ids = sorted(one.id for one in catalog.features.values() if not one.internal)
        self.bit = {identifier: 1 << n for n, identifier in enumerate(self.ids)}
        self.choices: dict[str, list[str]] = defaultdict(list)
        for identifier in self.ids:
            if choice := catalog.single_choice(catalog.features[identifier]):
                self.choices[choice].append(identifier)
        self.alone = {identifier: self.close({identifier}) for identifier in self.ids}
        self.of_many = {
            one for members in self.choices.values() if len(members) > FEW for one in members
        }
        self.telling = {*self.ids} - self.of_many | {*self._representatives()}
        # Each one at least once, which is a pair with itself.
        self.both: dict[str, int] = dict(self.bit)
        self.without: dict[str, int] = dict.fromkeys(self.ids, 0)
        for first in self.ids:
            for second in self.ids:
                if first != second:
                    self._want(first, second)

    def close(self, explicit: Iterable[str]) -> frozenset[str] | None:
        """Return all that these choices amount to, or None where they don't go together."""
        return _close(frozenset(explicit))

    def _want(self, first: str, second: str) -> None:
        alone = self.alone[first]
        together = self.close({first, second})
        assert alone is not None
        if (
            together is not None
            and {first, second} <= self.telling
            and not self._rivals(first, second)
        ):
            self.both[first] |= self.bit[second]
            if second not in alone:
                self.without[first] |= self.bit[second]

    def _rivals(self, first: str, second: str) -> bool:
        """Say whether both stem from choices of many; all of those meet in process."""
        return {first, second} <= self.of_many

    def _representatives(self) -> Iterator[str]:
        """Return one of each kind: of the many of a choice that bring the same internals along."""
        kinds = set()
        for choice, members in self.choices.items():
            for one in members if len(members) > FEW else ():
                internal = frozenset((self.alone[one] or frozenset()) - self.bit.keys())
                if (choice, internal) not in kinds:
                    kinds.add((choice, internal))
                    yield one

    def mask(self, chosen: Iterable[str]) -> int:
        """Return the features as bits."""
        return sum(self.bit.get(identifier, 0) for identifier in chosen)

    def gain(self, chosen: frozenset[str]) -> int:
        """Return how much is new in a project with these; pairs count thrice."""
        on = self.mask(chosen)
        return sum(
            3 * (self.both[one] & on).bit_count() + (self.without[one] & ~on).bit_count()
            for one in chosen
            if one in self.bit
        )

    def take(self, chosen: frozenset[str]) -> None:
        """Note that a project has these."""
        on = self.mask(chosen)
        for one in chosen & self.bit.keys():
            self.both[one] &= ~on
            self.without[one] &= on

    def missing(self) -> tuple[int, int]:
        """Return how many pairs (twice each) and "one without the other" no project has."""
        return (
            sum(bits.bit_count() for bits in self.both.values()),
            sum(bits.bit_count() for bits in self.without.values()),
        )

    def row(self, dice: random.Random) -> tuple[str, ...]:
        """Return the explicit choices of a project that covers as much as chance finds."""
        start = max(
            self.ids,
            key=lambda one: (
                self.both[one].bit_count() * 3 + self.without[one].bit_count(),
                dice.random(),
            ),
        )
        explicit = {start}
        chosen = self.close(explicit)
        assert chosen is not None
        best = self.gain(chosen)
        order = [one for one in self.ids if one != start]
        dice.shuffle(order)
        for _ in range(2):
            for one in order:
                changed = explicit ^ {one}
                closed = self.close(changed)
                if closed is not None and (found := self.gain(closed)) > best:
                    explicit, chosen, best = changed, closed, found
        return tuple(sorted(explicit))


@cache
def _close(explicit: frozenset[str]) -> frozenset[str] | None:
    from mcpforge.errors import ForgeError

    try:
        return frozenset(one.id for one in resolve(load(), explicit).features)
    except ForgeError:
        return None


@cache
def plan() -> tuple[Case, ...]:
    """Return the projects: the presets, then what covers all pairs, then what is left to cover."""
    catalog = load()
    cover = Cover(catalog)
    rows: list[tuple[str, tuple[str, ...]]] = []
    wanted = deepcopy((cover.both, cover.without))
    for preset in catalog.presets:
        rows.append((preset, catalog.preset(preset)))
        cover.take(_chosen(rows[-1][1]))
    dice = random.Random(SEED)
    while cover.missing() != (0, 0) and len(rows) < 2 * MOST:
        tries = [cover.row(dice) for _ in range(TRIES)]
        best = max(tries, key=lambda one: cover.gain(_chosen(one)))
        if not cover.gain(_chosen(best)):
            break
        rows.append(("", best))
        cover.take(_chosen(best))
    while len(rows) > MOST:
        rows.remove(_least_telling(cover, wanted, rows))
    cases = [
        Case(name=NAMES[n], features=features, chosen=_chosen(features), preset=preset, number=n)
        for n, (preset, features) in enumerate(rows)
    ]
    return tuple(_dressed(case) for case in _with_options(catalog, cases))


def parameters(cases: Iterable[Case]) -> list[Any]:
    """Return the cases for `parametrize`; those with a Redis are marked."""
    return [
        pytest.param(case, id=case.id, marks=[pytest.mark.service] if needs_redis(case) else [])
        for case in cases
    ]


def needs_redis(case: Case) -> bool:
    """Say whether a project has the setting for a Redis."""
    return any(entry["name"] == "redis_url" for entry in declared_settings(case))


def guarded(case: Case) -> bool:
    """Say whether callers of a project have to sign in."""
    return any(load().features[one].group == "auth" for one in case.chosen)


def declared_settings(case: Case) -> Iterator[Mapping[str, Any]]:
    """Return what the features of a project declare as settings."""
    for identifier in case.chosen:
        yield from load().features[identifier].entries.get("settings", ())


def _chosen(explicit: Iterable[str]) -> frozenset[str]:
    closed = _close(frozenset(explicit))
    assert closed is not None
    return closed


def _least_telling(
    cover: Cover,
    wanted: tuple[dict[str, int], dict[str, int]],
    rows: list[tuple[str, tuple[str, ...]]],
) -> tuple[str, tuple[str, ...]]:
    """Return the project without which the fewest pairs are missing."""

    def missing_without(row: tuple[str, tuple[str, ...]]) -> tuple[int, int]:
        cover.both, cover.without = deepcopy(wanted)
        for other in rows:
            if other is not row:
                cover.take(_chosen(other[1]))
        return cover.missing()

    return min((row for row in rows if not row[0]), key=missing_without)


def values(feature: Layer, option: Option) -> Iterator[OptionValue]:
    """Return the values of an option that must occur."""
    match option.type:
        case "bool":
            yield from (not option.default, bool(option.default))
        case "choice":
            yield from option.choices
        case "int" | "float":
            low = option.min if option.min is not None else option.default
            high = option.max if option.max is not None else option.default * 2
            kind = int if option.type == "int" else float
            yield from dict.fromkeys((kind(low), kind(high)))
        case _:
            yield from TEXTS.get((feature.id, option.name)) or TEXTS["", option.name]


def wanted_values(catalog: Catalog) -> dict[tuple[str, str], list[OptionValue]]:
    """Return the values of each option that must occur: one of those that many siblings share."""
    telling = Cover(catalog).telling
    return {
        (feature.id, option.name): list(values(feature, option))[: None if whole else 1]
        for feature in catalog.features.values()
        for option in feature.options.values()
        for whole in [feature.id in telling or feature.internal]
    }


def _with_options(catalog: Catalog, cases: list[Case]) -> list[Case]:
    waiting = wanted_values(catalog)
    done = []
    for case in cases:
        options: dict[str, dict[str, OptionValue]] = {}
        for (feature, name), left in waiting.items():
            if left and feature in case.chosen and not case.preset:
                options.setdefault(feature, {})[name] = left.pop(0)
        done.append(replace(case, options=options))
    while any(waiting.values()):
        feature = next(feature for (feature, _), left in waiting.items() if left)
        options = {}
        chosen = _chosen((feature,))
        for (other, name), left in waiting.items():
            if left and other in chosen:
                options.setdefault(other, {})[name] = left.pop(0)
        number = len(done)
        done.append(
            Case(
                name=NAMES[number],
                features=(feature,),
                chosen=chosen,
                options=options,
                number=number,
            )
        )
    return done


def _dressed(case: Case) -> Case:
    """Give a project its texts; the first has none that are hard."""
    n = case.number
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    pythons = PYTHONS[: PYTHONS.index(running) + 1] if running in PYTHONS else PYTHONS
    return replace(
        case,
        title=TITLES[n % len(TITLES)],
        description=DESCRIPTIONS[n % len(DESCRIPTIONS)],
        author=AUTHORS[n % len(AUTHORS)],
        license=LICENSES[n % len(LICENSES)],
        python=pythons[n % len(pythons)],
    )

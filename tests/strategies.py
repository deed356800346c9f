"""Hypothesis strategies: the answers that a project may be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from mcpforge.answers import LICENSES, PYTHONS, Answers, check_name
from mcpforge.catalog.resolve import resolve
from mcpforge.errors import UsageError

if TYPE_CHECKING:
    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer, Option

SHORT = "q"
LONG = "Abcde-fghij.klmno_pqrst-uvwxy2zabcd-efgh"
HOSTILE = (
    'a "quoted" text',
    "it's \\ a backslash\\",
    '"""',
    "'''",
    "{{ project.name }} {% raw %} {# no #}",
    "{braces} ${HOME} $(id) `id` %s",
    "two\nlines\r\nand\ttabs",
    "ünïcödé 日本語 مرحبا 👩\u200d💻",
    "\u202eright to left\u202c \u200bzero\ufeff",
    "\U0001fae9 newer than this Python",
    "# heading | *bold* _under_ [link](x) <b>html</b> &amp; ~~",
    "1. one - two + three = four",
    "--- ... === > quote",
    "\u00a0 \u2028 \u3000 spaces",
    "\\",
    "-",
    "null",
    "@at :colon ,comma %percent !tag *alias &anchor",
    "x" * 500,
)

_CATEGORIES: Any = ("Cs", "Cc")


def names() -> st.SearchStrategy[str]:
    """Return names of 1 to 40 characters that a project may have."""
    inside = st.text("abcxyzABCXYZ0189._-", max_size=38)
    ends = st.sampled_from("abcxyzXYZ019")
    made = st.builds(
        lambda head, middle, tail: head + middle + tail, st.sampled_from("abqQz"), inside, ends
    )
    return st.one_of(st.sampled_from([SHORT, LONG]), made).filter(allowed)


def allowed(name: str) -> bool:
    """Say whether a project may be called so."""
    try:
        check_name(name)
    except UsageError:
        return False
    return True


def texts() -> st.SearchStrategy[str]:
    """Return titles, descriptions and authors of every kind, never blank."""
    free = st.text(st.characters(exclude_categories=_CATEGORIES), max_size=80)
    mixed = st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3).map(" ".join)
    return st.one_of(st.sampled_from(HOSTILE), mixed, free).filter(lambda text: bool(text.strip()))


def features(catalog: Catalog) -> st.SearchStrategy[tuple[str, ...]]:
    """Return explicit choices that go together, in any order."""
    subsets = st.lists(st.sampled_from(sorted(catalog.features)), unique=True)
    return subsets.map(lambda chosen: compatible(catalog, chosen))


def compatible(catalog: Catalog, chosen: list[str]) -> tuple[str, ...]:
    """Return the choices without those that don't go with earlier ones."""
    kept: list[str] = []
    for identifier in chosen:
        try:
            resolve(catalog, [*kept, identifier])
        except UsageError:
            continue
        kept.append(identifier)
    return tuple(kept)


def option_value(option: Option) -> st.SearchStrategy[Any]:
    """Return values that an option takes, its bounds included."""
    match option.type:
        case "bool":
            return st.booleans()
        case "choice":
            return st.sampled_from(option.choices)
        case "int":
            low = None if option.min is None else int(option.min)
            return st.integers(low, None if option.max is None else int(option.max))
        case "float":
            return st.floats(option.min, option.max, allow_nan=False, allow_infinity=False)
        case "list":
            item = st.text("abcxyz:-_", min_size=1, max_size=12)
            return st.lists(item, max_size=3, unique=True).map(tuple)
        case _:
            return st.just(option.default)


def options(features: list[Layer]) -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    """Return values for some options of these features."""
    return st.fixed_dictionaries(
        {},
        optional={
            feature.id: st.fixed_dictionaries(
                {},
                optional={option.name: option_value(option) for option in feature.options.values()},
            )
            for feature in features
            if feature.options
        },
    )


@st.composite
def answers(draw: st.DrawFn, catalog: Catalog, *, plain: bool = False) -> Answers:
    """Return the answers of any project; `plain` ones have texts of ordinary characters."""
    chosen = draw(features(catalog))
    selected = list(resolve(catalog, chosen).features)
    text = st.text("abc XYZ", min_size=1, max_size=40).filter(str.strip) if plain else texts()
    return Answers(
        name=draw(names()),
        title=draw(text),
        description=draw(text),
        author=draw(st.one_of(st.just(""), st.just("Ada <ada@example.org>"), text)),
        license=draw(st.sampled_from(LICENSES)),
        python=draw(st.sampled_from(PYTHONS)),
        year=draw(st.integers(1900, 9999)),
        features=chosen,
        options={key: values for key, values in draw(options(selected)).items() if values},
    )

"""Components of the user's own: their files, their entries, their names."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mcpforge.answers import Answers, Component
from mcpforge.catalog.checks import check_catalog
from mcpforge.catalog.manifest import PHASES
from mcpforge.errors import ForgeError, UsageError
from mcpforge.project.lock import Lock, dump, parse
from mcpforge.project.plan import locked_files
from mcpforge.render import components, environment
from mcpforge.render.components import Past
from mcpforge.render.project import render

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog

LONG = "abcdefghij_abcdefghij_abcdefgh"
NAMES = ("a", LONG, "x1", "a1_b2_3", "forecast", "echo_again")
PROJECTS = ("q", "weather", "abcdefghij-abcdefghij-abcdefghij-abcdefgh")
URIS = (
    "",
    "docs://static/page.html",
    "x://{id}",
    "x://{a}/v{b}.json/{rest*}{?c,d}",
    "https://example.com/{path*}",
    "file:///{name}",
    "notes://{?" + ",".join(f"parameter_{number}" for number in range(5)) + "}",
)
ONE_OF_EACH = (
    Component("middleware", "stamp", {"phase": "limit"}),
    Component("prompt", "brief"),
    Component("resource", "city", {"uri": "weather://{city}{?units}"}),
    Component("route", "hello"),
    Component("tool", "forecast", {"sync": True}),
)


def variants(catalog: Catalog) -> list[Component]:
    """Return every kind with every value of its options and every name."""
    found = []
    for number, (kind, name) in enumerate(itertools.product(catalog.components.values(), NAMES)):
        values: list[dict[str, Any]] = [{}]
        for option in kind.options.values():
            choices: tuple[Any, ...] = option.choices or (True, False)
            choices = URIS if option.name == "uri" else choices
            values = [{**known, option.name: value} for known in values for value in choices]
        for index, value in enumerate(values):
            unique = f"{name[: 30 - 5]}_{number}_{index}" if index else name
            given = {"uri": one_more(value["uri"], number)} if value.get("uri") else value
            found.append(Component(kind.id, unique, given))
    return found


def one_more(uri: str, number: int) -> str:
    """Return a URI like this one, since no two resources of a project have the same."""
    if uri.startswith(("https", "file")):
        return uri.replace("{", f"{number}/{{", 1)
    return uri.replace("://", f"{number}://")


def write(tree: Any, folder: Path) -> None:
    for path, file in tree.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)


def test_the_manifests_are_right(catalog: Catalog) -> None:
    check_catalog(catalog)
    assert set(catalog.components) == {"middleware", "prompt", "resource", "route", "tool"}
    offered = catalog.components["middleware"].options["phase"].choices
    assert offered == tuple(phase for phase in PHASES if phase != "lookup")


def test_every_kind_option_and_name_is_clean(catalog: Catalog, tmp_path: Path) -> None:
    chosen = tuple(variants(catalog))
    for name in PROJECTS:
        answers = Answers(name=name, description="x", components=chosen)
        write(render(answers, catalog).tree, tmp_path / name)
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--no-cache", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("length", [100, 120])
def test_no_line_depends_on_the_formatter(catalog: Catalog, tmp_path: Path, length: int) -> None:
    answers = Answers(name=PROJECTS[-1], components=tuple(variants(catalog)))
    write(render(answers, catalog).tree, tmp_path)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "format", "--check", "--no-cache"),
            *("--config", f"line-length={length}", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    changed = [line for line in done.stdout.splitlines() if "components" in line]
    assert not changed, done.stdout


@pytest.mark.parametrize("preset", ["minimal", "standard", "production"])
def test_a_component_only_adds(catalog: Catalog, preset: str) -> None:
    without = Answers(name="weather", features=catalog.preset(preset))
    before = render(without, catalog).tree
    after = render(replace(without, components=ONE_OF_EACH), catalog).tree
    assert before.keys() < after.keys()
    for path in before:
        lines = after[path].text.splitlines()
        assert [line for line in before[path].text.splitlines() if line not in lines] == []
    new = after.keys() - before.keys()
    expected = {
        *("src/weather/tools/forecast.py", "tests/test_tool_forecast.py"),
        *("src/weather/prompts/brief.py", "tests/test_prompt_brief.py"),
        *("src/weather/resources/city.py", "tests/test_resource_city.py"),
        *("src/weather/middleware/stamp.py", "tests/test_middleware_stamp.py"),
        *("src/weather/routes/hello.py", "tests/test_route_hello.py"),
    }
    packages = {f"src/weather/{name}/__init__.py" for name in ("prompts", "resources")}
    packages |= {f"src/weather/{name}/__init__.py" for name in ("middleware", "routes")}
    assert new == expected | (packages - before.keys())
    assert {after[path].ownership for path in expected} == {"seed"}


def test_the_order_of_the_choices_is_nothing(catalog: Catalog) -> None:
    chosen = variants(catalog)
    answers = Answers(name="weather", features=catalog.preset("standard"))
    first = render(replace(answers, components=tuple(chosen)), catalog).tree
    random.Random(1).shuffle(chosen)
    assert render(replace(answers, components=tuple(chosen)), catalog).tree == first


def test_the_lock_keeps_them(catalog: Catalog) -> None:
    import tomllib

    answers = Answers(name="weather", title="Weather", components=ONE_OF_EACH)
    tree = render(answers, catalog).tree
    lock = Lock("1.0", catalog.hash, answers, locked_files(tree))
    assert parse(tomllib.loads(dump(lock))).answers == answers


def test_each_phase_has_its_place(catalog: Catalog) -> None:
    chosen = tuple(
        Component("middleware", f"m_{number}", {"phase": phase})
        for number, phase in enumerate(reversed(PHASES))
    )
    answers = Answers(name="weather", features=catalog.preset("production"), components=chosen)
    items = render(answers, catalog).slots.middleware
    assert [item.phase for item in items] == sorted(
        (item.phase for item in items), key=PHASES.index
    )
    for phase in PHASES:
        names = [item.function for item in items if item.phase == phase]
        own = [name[0] == "M" and name[1].isdigit() for name in names]
        assert own == sorted(own), "features come first"
        assert own[-1]


def test_routes_come_behind_those_of_features(catalog: Catalog) -> None:
    answers = Answers(name="weather", features=("health",), components=ONE_OF_EACH)
    text = render(answers, catalog).tree["src/weather/server.py"].text
    assert text.index("    add_health_routes(") < text.index("    add_hello_route(mcp)\n    return")


@pytest.mark.parametrize(
    ("features", "chosen", "reason"),
    [
        ((), (Component("tool", "echo"),), "from `.echo`"),
        (("database",), (Component("tool", "notes"),), "has `src/weather/tools/notes.py`"),
        (("database",), (Component("tool", "add_note"),), "from `.notes`"),
        (("timing",), (Component("middleware", "timing"),), "from `.middleware.timing`"),
        (("logging",), (Component("middleware", "request_log_middleware"),), "RequestLogMiddlew"),
        (
            (),
            (Component("middleware", "custom"), Component("middleware", "custom_middleware")),
            "`CustomMiddleware`",
        ),
        ((), (Component("middleware", "a1"), Component("middleware", "a_1")), "`A1Middleware`"),
        (("health",), (Component("route", "health"),), "has `src/weather/routes/health.py`"),
        ((), (Component("tool", "x"), Component("tool", "x", {"sync": True})), "two of the tool"),
        ((), (Component("resource", "x", {"uri": "no uri"}),), "is no URI"),
        (
            ("resources",),
            (Component("resource", "x", {"uri": "docs://"}),),
            "`src/weather/resources/docs.py` gets",
        ),
        (
            ("resources",),
            (Component("resource", "x", {"uri": "docs://{other}{?a}"}),),
            "`src/weather/resources/docs.py` gets",
        ),
        (
            (),
            (
                Component("resource", "a", {"uri": "x://{all*}"}),
                Component("resource", "b", {"uri": "x://{id}/info"}),
            ),
            "`resource `a`` gets",
        ),
    ],
)
def test_what_is_taken_is_refused(
    catalog: Catalog, features: tuple[str, ...], chosen: tuple[Component, ...], reason: str
) -> None:
    answers = Answers(name="weather", features=features, components=chosen)
    with pytest.raises(UsageError) as caught:
        render(answers, catalog)
    assert reason in caught.value.message


def test_a_narrow_uri_may_stand_before_a_wide_one(catalog: Catalog) -> None:
    chosen = (
        Component("resource", "a", {"uri": "x://{id}/info"}),
        Component("resource", "b", {"uri": "x://{all*}"}),
        Component("resource", "c", {"uri": "x://fixed"}),
    )
    render(Answers(name="weather", components=chosen), catalog)


def test_an_unknown_kind_is_refused(catalog: Catalog) -> None:
    with pytest.raises(ForgeError, match="no kind of component called `tol`") as caught:
        render(Answers(name="weather", components=(Component("tol", "x"),)), catalog)
    assert caught.value.hint.startswith("Did you mean `tool`?")


@pytest.mark.parametrize("package", ["https", "ws", "ftp_"])
def test_a_project_may_be_called_like_a_scheme(catalog: Catalog, package: str) -> None:
    answers = Answers(name=package, components=(Component("resource", "x"),))
    text = render(answers, catalog).tree["tests/test_resource_x.py"].text
    assert '-server://x"' in text or '"ftp-://x"' in text


def test_what_stays_is_not_rendered_again(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = tuple(Component("tool", f"tool_{number}") for number in range(200))
    old = Answers(name="weather", components=(*many, *ONE_OF_EACH))
    ids = {path: file.id for path, file in render(old, catalog).tree.items()}
    changed = Component("resource", "city", {"uri": "weather://{city}"})
    kept = [item for item in old.components if item.kind != "resource"]
    new = replace(old, components=(*kept, changed, Component("tool", "fresh")))
    full = render(new, catalog).tree
    seen = []
    real = environment.render_text

    def spy(text: str, context: Any, where: str) -> str:
        seen.append(where)
        return real(text, context, where)

    monkeypatch.setattr(components, "render_text", spy)
    quick = render(new, catalog, past=Past(old, ids)).tree
    assert sorted(seen) == [
        "resource/src/weather/resources/city.py",
        "resource/tests/test_resource_city.py",
        "tool/src/weather/tools/fresh.py",
        "tool/tests/test_tool_fresh.py",
    ]
    assert {path: file.id for path, file in quick.items()} == {
        path: file.id for path, file in full.items()
    }
    assert {path: (file.content, file.ownership) for path, file in quick.items()} == {
        path: (file.content, file.ownership) for path, file in full.items()
    }


def test_the_past_of_another_package_is_nothing(catalog: Catalog) -> None:
    old = Answers(name="weather", components=ONE_OF_EACH)
    ids = {path: "0" * 40 for path in render(replace(old, name="other"), catalog).tree}
    quick = render(replace(old, name="other"), catalog, past=Past(old, ids)).tree
    assert "0" * 40 not in {file.id for file in quick.values()}

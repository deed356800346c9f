"""Every project that can be chosen is well formed, keeps the texts, and only grows."""

from __future__ import annotations

import ast
import builtins
import difflib
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mcpforge.answers import Answers, check_name
from mcpforge.catalog.catalog import load
from mcpforge.characters import fold
from mcpforge.errors import UsageError
from mcpforge.operations.new import prepare
from mcpforge.project import lock as locks
from mcpforge.render.project import render
from strategies import HOSTILE, LONG, SHORT, answers, compatible, texts

if TYPE_CHECKING:
    from mcpforge.tree import Tree

CATALOG = load()
ALL = compatible(CATALOG, sorted(CATALOG.features))


def shown(markdown: str, tag: str) -> list[str]:
    """Return the texts of all elements of a kind, as a reader sees them."""
    tokens = MarkdownIt().parse(markdown)
    return [
        "".join(child.content for child in tokens[number + 1].children or ())
        for number, token in enumerate(tokens)
        if token.type == f"{tag}_open" and token.level == 0
    ]


@given(answers(CATALOG))
@settings(max_examples=25)
def test_every_file_is_well_formed(found: Answers) -> None:
    tree = render(found, CATALOG).tree
    for path, file in tree.items():
        text = file.text
        assert not text or (text.endswith("\n") and not text.endswith("\n\n")), path
        assert not text.startswith("\n"), path
        assert "\r" not in text, path
        assert [line for line in text.splitlines() if line != line.rstrip()] == [], path
        well_formed(path, text)
    assert not [path for path in tree if "{" in path or path.startswith(("/", "../"))]


def well_formed(path: str, text: str) -> None:
    name = path.rsplit("/", 1)[-1]
    match Path(name).suffix:
        case ".py":
            ast.parse(text)
        case ".toml":
            tomllib.loads(text)
        case ".yaml" | ".yml":
            list(yaml.load_all(text, yaml.CSafeLoader))
        case ".json":
            json.loads(text)
        case ".md":
            MarkdownIt().parse(text)
    if name == ".env.example":
        assert [line for line in text.splitlines() if line and not line.startswith("#")] == []


@given(answers(CATALOG))
@settings(max_examples=20)
def test_texts_come_through_unchanged(found: Answers) -> None:
    tree = render(found, CATALOG).tree
    project = tomllib.loads(tree["pyproject.toml"].text)["project"]
    assert project["name"] == found.name
    assert project["description"] == fold(found.description)
    assert list(project["scripts"]) == [found.name]
    if found.author:
        (author,) = project["authors"]
        joined = f"{author.get('name', '')}{author.get('email', '')}"
        assert _letters(joined) == _letters(
            re.sub("[<>]", "", found.author) if "email" in author else found.author
        )
    server = ast.parse(tree[f"src/{found.package}/server.py"].text)
    strings = [node.value for node in ast.walk(server) if isinstance(node, ast.Constant)]
    assert found.description in strings
    readme = tree["README.md"].text
    assert shown(readme, "heading")[0] == fold(found.title)
    assert shown(readme, "paragraph")[0] == fold(found.description)
    lock = prepare(Path("x"), found, CATALOG).plan.state[-1].content.decode()
    assert locks.parse(tomllib.loads(lock)).answers.title == found.title


def _letters(text: str) -> str:
    return "".join(fold(text).split())


@given(texts(), texts())
@settings(max_examples=8)
def test_texts_change_nothing_but_themselves(title: str, description: str) -> None:
    plain = Answers("demo", title="T", description="D", author="A", features=ALL)
    before = render(plain, CATALOG).tree
    after = render(replace(plain, title=title, description=description, author=title), CATALOG).tree
    assert before.keys() == after.keys()
    for path, file in before.items():
        assert len(file.text.splitlines()) == len(after[path].text.splitlines()), path
        if path.endswith(".py"):
            assert _shape(file.text) == _shape(after[path].text), path


def _shape(source: str) -> list[str]:
    """Return the kinds of all nodes: the program without its literals."""
    return [type(node).__name__ for node in ast.walk(ast.parse(source))]


@pytest.mark.parametrize("features", [(), ALL, CATALOG.preset("production")])
@pytest.mark.parametrize("name", [SHORT, LONG, "a.b-c"])
def test_every_name_that_is_used_is_bound(features: tuple[str, ...], name: str) -> None:
    tree = render(Answers(name, features=features), CATALOG).tree
    for path, file in tree.items():
        if path.endswith(".py"):
            module = ast.parse(file.text)
            used = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
            assert used - _bound(module) - set(dir(builtins)) - {"__file__"} == set(), path


def _bound(module: ast.Module) -> set[str]:
    bound: set[str] = set()
    for node in ast.walk(module):
        match node:
            case ast.Import() | ast.ImportFrom():
                bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bound.add(node.name)
            case ast.arg():
                bound.add(node.arg)
            case ast.Name(ctx=ast.Store()):
                bound.add(node.id)
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                bound.add(name)
    return bound


@pytest.mark.parametrize("features", [(), ALL])
def test_local_imports_lead_somewhere(features: tuple[str, ...]) -> None:
    tree = render(Answers("demo", features=features), CATALOG).tree
    for path, file in tree.items():
        if path.startswith("src/") and path.endswith(".py"):
            for node in ast.walk(ast.parse(file.text)):
                if isinstance(node, ast.ImportFrom) and node.level:
                    folder = path.rsplit("/", node.level)[0]
                    target = "/".join([folder, *(node.module or "").split(".")]).rstrip("/")
                    assert {f"{target}.py", f"{target}/__init__.py"} & tree.keys(), (path, target)


@pytest.mark.parametrize("name", [SHORT, LONG])
def test_no_name_of_the_project_is_in_what_stays_when_it_is_renamed(name: str) -> None:
    """Only the app's entry point and tests import the package by its name."""
    tree = render(Answers(name, features=ALL), CATALOG).tree
    package = Answers(name).package
    absolute = [
        path
        for path, file in tree.items()
        if path.startswith("src/") and re.search(rf"^(from|import) {package}\b", file.text, re.M)
    ]
    assert absolute == [f"src/{package}/app.py"]


def additive() -> list[str]:
    """Return the features whose group takes many, and that any number may join."""
    return [f.id for f in CATALOG.features.values() if not CATALOG.single_choice(f)]


@given(st.data())
@settings(max_examples=25)
def test_adding_a_feature_only_adds_lines(data: st.DataObject) -> None:
    before = compatible(CATALOG, data.draw(st.permutations(ALL).map(lambda ids: list(ids)[:6])))
    added = data.draw(st.sampled_from(additive()))
    after = compatible(CATALOG, [*before, added])
    old, new = (render(Answers("demo", features=ids), CATALOG) for ids in (before, after))
    brought = set(new.selection.ids) - set(old.selection.ids)
    if any(CATALOG.single_choice(CATALOG.feature(identifier)) for identifier in brought):
        return
    assert old.tree.keys() <= new.tree.keys()
    for path in old.tree:
        gone = [line for line in removed_lines(old.tree, new.tree, path) if line not in _REPLACED]
        assert gone == [], (path, before, added)


# The one fixture that a first way to sign in replaces: how tests sign in.
_REPLACED = frozenset(
    {
        "- def token() -> str | None:",
        '-     """Return what HTTP clients sign in with: nothing, the server is open."""',
        "-     return None",
    }
)


def removed_lines(old: Tree, new: Tree, path: str) -> list[str]:
    diff = difflib.ndiff(old[path].text.splitlines(), new[path].text.splitlines())
    return [
        line for line in diff if line.startswith("- ") and not _is_widened(line, new[path].text)
    ]


def _is_widened(line: str, text: str) -> bool:
    """Whether an import line is there still, with more names: imports are merged as a set."""
    found = re.fullmatch(r"- from (\S+) import (.+)", line)
    if not found:
        return False
    wider = re.search(rf"^from {re.escape(found[1])} import \(?([^)]*?)\)?$", text, re.M)
    names = re.findall(r"\w+", found[2])
    return wider is not None and set(names) <= set(re.findall(r"\w+", wider[1]))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_option_texts_stay_one_value(text: str) -> None:
    from mcpforge.catalog.options import parse_value
    from mcpforge.errors import UsageError

    for feature in CATALOG.features.values():
        for option in feature.options.values():
            if option.type != "str":
                continue
            try:
                value = parse_value(feature, option, text)
            except UsageError:
                continue
            found = Answers(
                "demo", features=(feature.id,), options={feature.id: {option.name: value}}
            )
            tree = render(found, CATALOG).tree
            for path, file in tree.items():
                well_formed(path, file.text)


def test_no_project_can_be_called_like_a_module_that_it_imports() -> None:
    tree = render(Answers("demo", features=ALL), CATALOG).tree
    nodes = [
        node
        for path, file in tree.items()
        if path.endswith(".py")
        for node in ast.walk(ast.parse(file.text))
    ]
    imported = {
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {
        node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    tops = {name.partition(".")[0] for name in imported} - {"demo", "__future__"}
    assert {"fastmcp", "pydantic", "httpx2"} <= tops
    for name in tops:
        with pytest.raises(UsageError, match="is already the name of a module"):
            check_name(name.strip("_"))


def test_the_limit_of_a_project_is_not_that_of_its_tests() -> None:
    options = {"rate-limit": {"limit": "1/day", "address_limit": "1/day"}}
    tree = render(Answers("demo", features=("rate-limit",), options=options), CATALOG).tree
    assert 'rate_limit: str = Field(\n        default="1/day"' in tree["src/demo/settings.py"].text
    (given,) = (
        node.value
        for node in ast.parse(tree["tests/conftest.py"].text).body
        if isinstance(node, ast.AnnAssign) and node.value
    )
    environment = ast.literal_eval(given)
    for name in ("DEMO_RATE_LIMIT", "DEMO_ADDRESS_LIMIT"):
        count, _, period = environment[name].partition("/")
        assert int(count) >= 10_000
        assert period == "minute"

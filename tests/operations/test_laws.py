"""Laws 2, 3 and 5 on real folders: paths of verbs, round trips, edits that survive."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.errors import UsageError
from mcpforge.operations import undo
from operations.projects import add, answers_of, change, make, possible, remove, tree_of

FEATURES = sorted(feature.id for feature in load().offered)
START = Answers(name="demo", description="A demo.")
Step = tuple[str, str]

steps = st.lists(
    st.tuples(st.sampled_from(["add", "remove"]), st.sampled_from(FEATURES)),
    min_size=2,
    max_size=7,
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return an empty folder."""
    with TemporaryDirectory() as name:
        yield Path(name)


def walk(answers: Answers, path: list[Step]) -> Iterator[Answers]:
    """Yield the answers after each step that is allowed."""
    for verb, feature in path:
        try:
            after = add(answers, feature) if verb == "add" else remove(answers, feature)
        except UsageError:
            continue
        if possible(after.features):
            answers = after
            yield answers


@given(path=steps)
@settings(max_examples=25)
def test_any_path_of_verbs_gives_what_new_gives(path: list[Step]) -> None:
    with TemporaryDirectory() as name:
        root = make(Path(name) / "walked", START)
        final = START
        for final in walk(START, path):
            change(root, final)
        fresh = make(Path(name) / "fresh", final)
        assert tree_of(root) == tree_of(fresh)


@given(first=st.sampled_from(FEATURES), second=st.sampled_from(FEATURES))
@settings(max_examples=25)
def test_add_then_remove_is_the_identity(first: str, second: str) -> None:
    before = add(START, first)
    after = add(before, second)
    if not possible(after.features) or second in before.features:
        return
    with TemporaryDirectory() as name:
        root = make(Path(name) / "demo", before)
        tree = tree_of(root)
        change(root, after)
        back = replace(remove(after, second), features=before.features)
        change(root, back)
        assert tree_of(root) == tree


@given(feature=st.sampled_from(FEATURES))
@settings(max_examples=10)
def test_a_verb_run_twice_has_nothing_to_do(feature: str) -> None:
    with TemporaryDirectory() as name:
        root = make(Path(name) / "demo", START)
        change(root, add(START, feature))
        assert change(root, add(answers_of(root), feature)).plan.empty


@given(feature=st.sampled_from(FEATURES))
@settings(max_examples=10)
def test_undo_restores_and_redoes(feature: str) -> None:
    with TemporaryDirectory() as name:
        root = make(Path(name) / "demo", START)
        before = tree_of(root)
        change(root, add(START, feature))
        after = tree_of(root)
        undo.carry_out(undo.plan_undo(undo.find_undo(root)))
        assert tree_of(root) == before
        undo.carry_out(undo.plan_undo(undo.find_undo(root)))
        assert tree_of(root) == after


def test_undoing_new_leaves_what_was_edited(folder: Path) -> None:
    root = make(folder / "demo", START)
    readme = root / "README.md"
    readme.write_text("Mine.\n", encoding="utf-8")
    planned = undo.plan_undo(undo.find_undo(root))
    undo.carry_out(planned)
    assert planned.kept == ("README.md",)
    assert list(tree_of(root)) == ["README.md"]


TOOL = '''"""My own."""

from fastmcp.tools import tool


@tool
def mine(city: str) -> str:
    """Say the weather."""
    return f"Rain in {city}"
'''


@pytest.mark.parametrize("feature", FEATURES)
def test_a_tool_of_ones_own_survives_every_feature(feature: str, folder: Path) -> None:
    root = make(folder / "demo", START)
    package = root / "src" / "demo"
    (package / "tools" / "mine.py").write_text(TOOL, encoding="utf-8")
    listing = package / "tools" / "__init__.py"
    text = listing.read_text(encoding="utf-8")
    text = text.replace("import echo\n", "import echo\nfrom .mine import mine\n")
    listing.write_text(text.replace("    echo,\n", "    echo,\n    mine,\n"), encoding="utf-8")
    edited = tree_of(root)

    change(root, add(START, feature))
    assert (package / "tools" / "mine.py").read_text(encoding="utf-8") == TOOL
    after = listing.read_text(encoding="utf-8")
    assert "from .mine import mine\n" in after
    assert after.count("    mine,\n") == 1

    change(root, remove(answers_of(root), feature))
    back = tree_of(root)
    assert {path: back[path] for path in edited if not path.startswith(".mcpforge")} == {
        path: text for path, text in edited.items() if not path.startswith(".mcpforge")
    }


def test_a_deleted_file_stays_deleted(folder: Path) -> None:
    root = make(folder / "demo", START)
    (root / "tests" / "test_http.py").unlink()
    (root / "README.md").unlink()
    planned = change(root, add(START, "caching"))
    assert not (root / "README.md").exists()
    assert any("README.md" in note for note in planned.plan.notes)
    shutil.rmtree(root)

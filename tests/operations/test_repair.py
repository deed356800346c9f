"""`doctor --fix`: what a lock says of the files is kept, so that nothing is on but unwired."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import build, load
from mcpforge.catalog.sources import read_folder
from mcpforge.errors import ForgeError
from mcpforge.operations.change import open_project, plan_answers
from mcpforge.operations.new import prepare
from mcpforge.operations.repair import repair
from mcpforge.project import apply
from operations.projects import add, answers_of, change, make, tree_of

ANSWERS = Answers(name="demo", description="A demo.", features=("caching", "health"))
LOCK = ".mcpforge/lock.toml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "demo", ANSWERS)


def choose_by_hand(root: Path, feature: str) -> None:
    """Write one more feature into the lock, as an editor does."""
    path = root / LOCK
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('    "health",\n', f'    "health",\n    "{feature}",\n'), "utf-8")


def test_a_whole_lock_is_left_alone(root: Path) -> None:
    before = tree_of(root)
    assert repair(root, load()) == []
    assert tree_of(root) == before


def test_what_older_templates_lack_is_still_to_come(tmp_path: Path) -> None:
    old = build(read_folder(Path(__file__).parents[1] / "templates-old"))
    root = tmp_path / "demo"
    apply.create(root, prepare(root, ANSWERS, old).plan)
    before = tree_of(root)
    assert repair(root, load()) == []
    assert tree_of(root) == before
    _, lock = open_project(root)
    assert plan_answers(root, lock, lock.answers, load()).plan.changes


def test_answers_changed_by_hand_are_applied_by_update(root: Path, tmp_path: Path) -> None:
    choose_by_hand(root, "timing")
    with pytest.raises(ForgeError, match="changed by hand"):
        open_project(root)
    (told,) = repair(root, load())
    assert "`mcpforge update`" in told
    server = root / "src" / "demo" / "server.py"
    assert "Timing" not in server.read_text(encoding="utf-8")
    change(root, answers_of(root))
    assert tree_of(root) == tree_of(make(tmp_path / "new" / "demo", add(ANSWERS, "timing")))


def test_where_files_were_moved_and_what_was_kept_is_not_forgotten(root: Path) -> None:
    package = root / "src" / "demo"
    (package / "config").mkdir()
    (package / "settings.py").rename(package / "config" / "settings.py")
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("from .settings", "from .config.settings"), "utf-8")
    change(root, add(answers_of(root), "timing"))
    known = open_project(root)[1].files
    assert known["src/demo/settings.py"].at
    choose_by_hand(root, "cors")
    repair(root, load())
    assert open_project(root)[1].files == known


def test_lost_pristine_texts_are_written_again(root: Path) -> None:
    before = tree_of(root)
    shutil.rmtree(root / ".mcpforge" / "base")
    assert repair(root, load()) == ["Wrote the pristine texts that were missing or damaged"]
    assert tree_of(root) == before
    damaged = next((root / ".mcpforge" / "base").iterdir())
    damaged.write_bytes(b"no")
    repair(root, load())
    assert tree_of(root) == before


def test_choices_that_do_not_go_together_are_refused(root: Path) -> None:
    choose_by_hand(root, "redis")
    choose_by_hand(root, "valkey")
    before = tree_of(root)
    with pytest.raises(ForgeError):
        repair(root, load())
    assert tree_of(root) == before

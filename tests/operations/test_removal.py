"""Before something goes: what the user's own lines in files of ours still use stops the verb."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpforge.answers import Answers
from mcpforge.errors import ConflictError
from operations.projects import add, answers_of, change, make, remove, tree_of

ANSWERS = Answers(name="demo", description="A demo.", features=("caching", "health"))
PACKAGE = "src/demo"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "demo", ANSWERS)


def edit(root: Path, name: str, old: str, new: str) -> None:
    """Put other text in the place of what a file of the package holds once."""
    path = root / PACKAGE / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


USES = {
    "a module": (
        "__main__.py",
        "from .server import",
        "from .middleware.caching import connect_cache as mine\nfrom .server import",
        r"`demo.middleware.caching` would go, .*__main__.py:\d+",
    ),
    "a setting": (
        "startup.py",
        "    return settings\n",
        "    print(settings.cache_ttl)\n    return settings\n",
        r"`settings.cache_ttl` would go, .*startup.py:\d+",
    ),
    "in the place that is merged": (
        "server.py",
        "    for tool in TOOLS:\n",
        "    print(settings.cache_ttl)\n    for tool in TOOLS:\n",
        r"`settings.cache_ttl` would go, .*server.py:\d+",
    ),
}


@pytest.mark.parametrize("what", USES)
def test_a_use_in_an_edited_file_of_ours_stops_it(root: Path, what: str) -> None:
    name, old, new, reason = USES[what]
    edit(root, name, old, new)
    before = tree_of(root)
    with pytest.raises(ConflictError, match=reason):
        change(root, remove(answers_of(root), "caching"))
    assert tree_of(root) == before


def test_an_edit_that_uses_nothing_of_it_does_not(root: Path) -> None:
    name, old, _, _ = USES["a setting"]
    edit(root, name, old, "    print(settings.port)\n    return settings\n")
    change(root, remove(answers_of(root), "caching"))
    assert not (root / PACKAGE / "middleware" / "caching.py").exists()


def test_a_requirement_that_an_edited_file_of_ours_imports_stays(root: Path) -> None:
    change(root, add(answers_of(root), "http-client"))
    edit(root, "web.py", "from .server import", "import tenacity\n\nfrom .server import")
    notes = change(root, remove(answers_of(root), "http-client")).plan.notes
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert '"tenacity' in project
    assert "pybreaker" not in project
    assert any("tenacity" in note and "your code imports it" in note for note in notes)


def test_a_linked_source_folder_is_no_second_copy(root: Path) -> None:
    (root / "code").mkdir()
    (root / "src").rename(root / "code" / "src")
    (root / "src").symlink_to("code/src")
    change(root, remove(answers_of(root), "caching"))
    assert not (root / "code" / PACKAGE / "middleware" / "caching.py").exists()
    change(root, add(answers_of(root), "caching"))
    own = root / "code" / "mine.py"
    own.write_text("from demo.middleware.caching import ToolCacheMiddleware\n", encoding="utf-8")
    with pytest.raises(ConflictError, match=r"code/mine.py:1"):
        change(root, remove(answers_of(root), "caching"))

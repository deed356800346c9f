"""Modules that the user moved or renamed: what arrives imports them from where they are now."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.survival_edits import move
from bench.survival_imports import dangling
from mcpforge.answers import Answers
from mcpforge.errors import ConflictError
from mcpforge.operations import undo
from mcpforge.operations.change import open_project
from operations.projects import add, answers_of, change, make, remove

ANSWERS = Answers(name="demo", description="A demo.", features=("health",))
PACKAGE = "src/demo"
ADDED = ("caching", "bearer", "redis", "http-client", "container", "metrics")
Texts = dict[str, str]


def texts_of(root: Path) -> Texts:
    """Return the user's view of a project: all files but mcpforge's state."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes().decode()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".mcpforge" not in path.parts
    }


def edit(root: Path, change_texts: Callable[[Texts], None]) -> Texts:
    """Change a project as its user does, and return it."""
    before = texts_of(root)
    after = dict(before)
    change_texts(after)
    for path in before.keys() - after.keys():
        (root / path).unlink()
    for path, text in after.items():
        if before.get(path) != text:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode())
    return after


def renamed(old: str, new: str) -> Callable[[Texts], None]:
    """Return the renaming of a name, in every file."""

    def change_texts(texts: Texts) -> None:
        for path in [item for item in texts if item.endswith(".py")]:
            texts[path] = re.sub(rf"(?<!socket\.)\b{old}\b", new, texts[path])

    return change_texts


def to_one_folder(texts: Texts) -> None:
    """Move two modules, one of which imports the other."""
    for name in ("settings", "server"):
        move(f"{PACKAGE}/{name}.py", f"{PACKAGE}/core/{name}.py")(texts)
    server = f"{PACKAGE}/core/server.py"
    texts[server] = texts[server].replace("from ..core.settings", "from .settings")


CHANGES: dict[str, Callable[[Texts], None]] = {
    "settings moved": move(f"{PACKAGE}/settings.py", f"{PACKAGE}/config/settings.py"),
    "server renamed": move(f"{PACKAGE}/server.py", f"{PACKAGE}/service/main.py"),
    "both in one folder": to_one_folder,
    "factory renamed": renamed("create_server", "build_server"),
    "class renamed": renamed("Settings", "Configuration"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "demo", ANSWERS)


@pytest.mark.parametrize("how", CHANGES)
def test_what_arrives_is_wired_and_leaves_again(root: Path, how: str) -> None:
    edited = edit(root, CHANGES[how])
    assert not dangling(edited)
    change(root, add(answers_of(root), *ADDED))
    after = texts_of(root)
    arrived = after.keys() - edited.keys()
    assert {f"{PACKAGE}/middleware/caching.py", "tests/test_caching.py"} <= arrived
    assert not dangling(after)
    for old in ("create_server", "Settings"):
        if not any(re.search(rf"\b{old}\b", text) for text in edited.values()):
            assert not [path for path in arrived if f"import {old}\n" in after[path]]
    own = [path for path in sorted(arrived) if path.endswith(".py")]
    assert own
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "E,I,F8", *own],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    change(root, remove(answers_of(root), *ADDED))
    assert texts_of(root) == edited


@pytest.mark.parametrize("how", CHANGES)
def test_what_was_there_leaves_too(tmp_path: Path, how: str) -> None:
    """Files whose imports the user put right after the move are as good as untouched."""
    root = make(tmp_path / "demo", add(ANSWERS, *ADDED))
    edit(root, CHANGES[how])
    change(root, remove(answers_of(root), *ADDED))
    after = texts_of(root)
    assert f"{PACKAGE}/middleware/caching.py" not in after
    assert "tests/test_caching.py" not in after
    assert not dangling(after)


def test_an_edited_file_stays_all_the_same(tmp_path: Path) -> None:
    root = make(tmp_path / "demo", add(ANSWERS, "caching"))
    caching = root / PACKAGE / "middleware" / "caching.py"
    edit(root, CHANGES["settings moved"])
    caching.write_text(f"{caching.read_text(encoding='utf-8')}\n# mine\n", encoding="utf-8")
    notes = change(root, remove(answers_of(root), "caching")).plan.notes
    assert caching.read_text(encoding="utf-8").endswith("# mine\n")
    assert any("caching.py` was edited, so it stays" in note for note in notes)


def test_options_undo_and_a_second_add_still_work(root: Path) -> None:
    edit(root, CHANGES["both in one folder"])
    change(root, add(answers_of(root), "redis"))
    first = texts_of(root)
    change(root, add(answers_of(root), "caching"))
    undo.carry_out(undo.plan_undo(root))
    assert texts_of(root) == first
    change(root, add(answers_of(root), "valkey"))
    assert not dangling(texts_of(root))
    change(root, add(answers_of(root), "redis"))
    assert texts_of(root) == first
    assert change(root, answers_of(root)).plan.empty


def package_renamed(texts: Texts) -> None:
    """Rename the package, as `git mv` and `sed` do."""
    for path in list(texts):
        text = re.sub(r"\bdemo\b", "acme", texts.pop(path))
        texts[path.replace(f"{PACKAGE}/", "src/acme/")] = text


def folder_renamed(texts: Texts) -> None:
    """Call the folder of the tools otherwise."""
    for path in list(texts):
        text = re.sub(r"\b(from (?:\.|demo\.))tools\b", r"\1actions", texts.pop(path))
        texts[path.replace("/tools/", "/actions/")] = text


@pytest.mark.parametrize(
    ("how", "home"),
    [
        (package_renamed, "src/acme/middleware/caching.py"),
        (folder_renamed, f"{PACKAGE}/actions/primes.py"),
    ],
)
def test_what_arrives_follows_its_folder(
    root: Path, how: Callable[[Texts], None], home: str
) -> None:
    edited = edit(root, how)
    assert not dangling(edited)
    change(root, add(answers_of(root), *ADDED))
    after = texts_of(root)
    assert home in after
    assert not [path for path in after if path.startswith(f"{PACKAGE}/") and "acme" in home]
    assert not dangling(after)
    assert open_project(root)[1].files[home.replace("acme", "demo").replace("actions", "tools")].at
    assert change(root, answers_of(root)).plan.empty
    change(root, remove(answers_of(root), *ADDED))
    assert texts_of(root) == edited


def test_a_folder_that_is_still_there_keeps_what_arrives(root: Path) -> None:
    edit(root, move(f"{PACKAGE}/tools/echo.py", f"{PACKAGE}/actions/echo.py"))
    change(root, add(answers_of(root), "caching"))
    assert (root / PACKAGE / "tools" / "primes.py").is_file()


def test_texts_name_what_moved(root: Path) -> None:
    edit(root, move(f"{PACKAGE}/asgi.py", f"{PACKAGE}/serving/asgi.py"))
    change(root, add(answers_of(root), "container"))
    container = (root / "Containerfile").read_text(encoding="utf-8")
    assert '"demo.serving.asgi:app"' in container
    assert "demo.asgi" not in container


def test_a_file_that_was_moved_back_is_found(root: Path) -> None:
    edit(root, CHANGES["settings moved"])
    change(root, add(answers_of(root), "caching"))
    assert open_project(root)[1].files[f"{PACKAGE}/settings.py"].at
    edit(root, move(f"{PACKAGE}/config/settings.py", f"{PACKAGE}/settings.py"))
    text = (root / PACKAGE / "settings.py").read_text(encoding="utf-8")
    (root / PACKAGE / "settings.py").write_text(text.replace("from ..", "from ."), "utf-8")
    change(root, add(answers_of(root), "redis"))
    assert not open_project(root)[1].files[f"{PACKAGE}/settings.py"].at
    assert not dangling(texts_of(root))


def test_a_name_that_is_gone_stops_what_needs_it(root: Path) -> None:
    server = root / PACKAGE / "settings.py"
    text = server.read_text(encoding="utf-8")
    rest = text[text.index("def load_settings") :]
    server.write_text(f"class Mine:\n    port = 1\n\n\n{rest}", encoding="utf-8")
    before = texts_of(root)
    with pytest.raises(ConflictError, match=r"it imports `demo.settings.Settings`, which is gone"):
        change(root, add(answers_of(root), "caching"))
    assert texts_of(root) == before


def test_a_missing_module_stops_what_needs_it(root: Path) -> None:
    (root / PACKAGE / "settings.py").unlink()
    with pytest.raises(ConflictError, match="`--moved`"):
        change(root, add(answers_of(root), "http-client"))


@pytest.fixture
def moved_tests(tmp_path: Path) -> Path:
    root = make(tmp_path / "demo", add(ANSWERS, "caching", "validation", "redis"))
    (root / "tests" / "unit").mkdir()
    for path in (root / "tests").glob("test_*.py"):
        path.rename(path.with_name("unit") / path.name)
    return root


def test_moved_tests_leave_with_their_feature(moved_tests: Path) -> None:
    notes = change(moved_tests, remove(answers_of(moved_tests), "caching", "validation", "redis"))
    left = {path.name for path in (moved_tests / "tests" / "unit").iterdir()}
    assert "test_echo.py" in left
    assert not left & {"test_caching.py", "test_validation.py", "test_redis.py", "test_storage.py"}
    assert not notes.plan.notes
    assert not dangling(texts_of(moved_tests))


@pytest.mark.parametrize("name", ["test_caching.py", "test_validation.py"])
def test_a_moved_test_that_was_edited_stays(moved_tests: Path, name: str) -> None:
    test = moved_tests / "tests" / "unit" / name
    own = "\n\ndef test_mine() -> None:\n    assert True\n"
    test.write_text(f"{test.read_text(encoding='utf-8')}{own}", encoding="utf-8")
    feature = name.removeprefix("test_").removesuffix(".py")
    notes = change(moved_tests, remove(answers_of(moved_tests), feature)).plan.notes
    assert test.read_text(encoding="utf-8").endswith(own)
    assert any(f"`tests/unit/{name}` was edited, so it stays" in note for note in notes)


def test_a_test_of_the_users_own_still_stops_it(moved_tests: Path) -> None:
    mine = moved_tests / "tests" / "unit" / "test_mine.py"
    mine.write_text("from demo.middleware.caching import ToolCacheMiddleware\n", "utf-8")
    with pytest.raises(ConflictError, match=r"tests/unit/test_mine.py:1"):
        change(moved_tests, remove(answers_of(moved_tests), "caching"))


def test_what_an_edited_file_imports_stays_with_it(tmp_path: Path) -> None:
    root = make(tmp_path / "demo", add(ANSWERS, "metrics"))
    metrics = root / PACKAGE / "metrics_server.py"
    metrics.write_text(f"{metrics.read_text(encoding='utf-8')}\n# mine\n", encoding="utf-8")
    edited = texts_of(root)
    notes = change(root, remove(answers_of(root), "metrics")).plan.notes
    after = texts_of(root)
    assert f"{PACKAGE}/metrics.py" in after
    assert f"`{PACKAGE}/metrics.py` stays, since `{PACKAGE}/metrics_server.py`" in " ".join(notes)
    assert not dangling(after)
    assert '"prometheus-client>=' in after["pyproject.toml"]
    assert "tests/test_metrics.py" not in after
    change(root, add(answers_of(root), "metrics"))
    assert texts_of(root) == edited


def test_an_edited_file_that_lacks_something_is_named(tmp_path: Path) -> None:
    root = make(tmp_path / "demo", add(ANSWERS, "redis"))
    test = root / "tests" / "test_redis.py"
    test.write_text(f"{test.read_text(encoding='utf-8')}\n# mine\n", encoding="utf-8")
    notes = change(root, add(answers_of(root), "memory")).plan.notes
    assert test.exists()
    told = "`tests/test_redis.py` stays, but `demo.storage.backend.connect`, which it uses, goes"
    assert told in notes

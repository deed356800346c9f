"""`update` from the first templates: a renamed setting, a moved module, another signature."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mcpforge.answers import Answers, Component
from mcpforge.catalog.catalog import Catalog, build, load
from mcpforge.catalog.sources import read_folder
from mcpforge.errors import ConflictError, ForgeError
from mcpforge.operations.change import carry_out, open_project, plan_answers
from mcpforge.operations.edit import add_features
from mcpforge.operations.new import prepare
from mcpforge.project import apply
from mcpforge.project.relocate import relocate
from mcpforge.render.project import render
from operations.projects import tree_of

ANSWERS = Answers(name="demo", description="A demo.", features=("caching", "greeting", "health"))
SERVER = "src/demo/server.py"
TOOL = "from .echo import echo\nfrom .mine import mine\n"


@pytest.fixture(scope="module")
def old() -> Catalog:
    """Return the catalogue of the first templates."""
    return build(read_folder(Path(__file__).parents[1] / "templates-old"))


@pytest.fixture
def project(tmp_path: Path, old: Catalog) -> Path:
    """Return a project made with the first templates and edited since."""
    root = tmp_path / "demo"
    apply.create(root, prepare(root, ANSWERS, old).plan)
    package = root / "src" / "demo"
    (package / "tools" / "mine.py").write_text("def mine() -> int:\n    return 1\n")
    edit(package / "tools" / "__init__.py", "from .echo import echo\n", TOOL)
    edit(package / "tools" / "__init__.py", "    echo,\n", "    echo,\n    mine,\n")
    edit(
        package / "server.py",
        '        "demo",\n',
        '        "demo",\n        website_url="https://x",\n',
    )
    edit(package / "startup.py", "    return settings\n", '    print("up")\n    return settings\n')
    edit(root / "pyproject.toml", 'name = "demo"\n', 'name = "demo"\nkeywords = ["mine"]\n')
    (root / "README.md").write_text("# All mine\n", encoding="utf-8")
    return root


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def update(root: Path) -> list[str]:
    root, lock = open_project(root)
    planned = plan_answers(root, lock, lock.answers, load())
    carry_out(planned)
    return list(planned.plan.notes)


def as_it_is(root: Path) -> Path:
    return root


def shallow_clone(root: Path) -> Path:
    def git(*words: str, cwd: Path = root) -> None:
        subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "first")
    git("clone", "-q", "--depth", "1", root.as_uri(), str(root.parent / "clone"), cwd=root.parent)
    shutil.rmtree(root)
    return root.parent / "clone"


@pytest.mark.parametrize("place", [as_it_is, shallow_clone], ids=["without git", "depth 1"])
def test_every_edit_is_kept(project: Path, place: Callable[[Path], Path]) -> None:
    root = place(project)
    notes = update(root)
    package = root / "src" / "demo"
    server = (package / "server.py").read_text(encoding="utf-8")
    assert 'website_url="https://x"' in server
    assert "settings.mask_error_details" in server
    assert "mask_errors" not in server
    assert "compose(\n            settings_lifespan(settings),\n" in server
    assert "GreetingMiddleware" not in server
    startup = (package / "startup.py").read_text(encoding="utf-8")
    assert '    print("up")\n' in startup
    assert "from .logs import configure_logging" in startup
    assert not (package / "log_setup.py").exists()
    assert (package / "logs.py").exists()
    assert not (package / "middleware" / "greeting.py").exists()
    assert TOOL in (package / "tools" / "__init__.py").read_text(encoding="utf-8")
    assert 'keywords = ["mine"]' in (root / "pyproject.toml").read_text(encoding="utf-8")
    assert (root / "README.md").read_text(encoding="utf-8") == "# All mine\n"
    assert any("greeting" in note for note in notes)


def test_an_untouched_project_becomes_what_new_gives(tmp_path: Path, old: Catalog) -> None:
    root = tmp_path / "demo"
    apply.create(root, prepare(root, ANSWERS, old).plan)
    update(root)
    fresh = tmp_path / "fresh"
    answers = open_project(root)[1].answers
    apply.create(fresh, prepare(fresh, answers, load()).plan)
    assert tree_of(root) == tree_of(fresh)
    assert update(root) == []


def test_add_takes_the_newer_templates_in_as_well(project: Path) -> None:
    root, lock = open_project(project)
    catalog = load()
    known = Answers(name="demo", description="A demo.", features=("caching", "health"))
    answers = add_features(known, ["cors"], catalog)
    planned = plan_answers(root, lock, answers, catalog)
    assert "src/demo/server.py" in planned.updated
    carry_out(planned)
    assert "cors" in open_project(root)[1].answers.features
    assert (root / "src/demo/logs.py").exists()


def test_without_update_it_is_refused(project: Path) -> None:
    root, lock = open_project(project)
    with pytest.raises(ForgeError, match="older templates") as caught:
        plan_answers(root, lock, lock.answers, load(), update=False)
    assert "mcpforge update" in caught.value.hint


def test_a_setting_that_is_used_stops_it(project: Path) -> None:
    mine = project / "src" / "demo" / "tools" / "mine.py"
    mine.write_text("def mine(settings: object) -> bool:\n    return settings.mask_errors\n")
    before = tree_of(project)
    with pytest.raises(ConflictError, match=r"settings.mask_errors.*tools/mine.py:2"):
        update(project)
    assert tree_of(project) == before


def test_a_moved_file_is_found(project: Path) -> None:
    package = project / "src" / "demo"
    (package / "core").mkdir()
    moved = package / "core" / "application.py"
    text = (package / "server.py").read_text(encoding="utf-8")
    moved.write_text(relocate(text, SERVER, "src/demo/core/application.py"), encoding="utf-8")
    (package / "server.py").unlink()
    update(project)
    after = moved.read_text(encoding="utf-8")
    assert "settings.mask_error_details" in after
    assert 'website_url="https://x"' in after
    assert not (package / "server.py").exists()
    assert "from ..lifespan import compose, settings_lifespan" in after
    assert open_project(project)[1].files[SERVER].at == "src/demo/core/application.py"


def test_a_newer_project_is_refused(project: Path) -> None:
    lock = project / ".mcpforge" / "lock.toml"
    edit(lock, 'version = "', 'version = "99.')
    with pytest.raises(ForgeError, match="last written by mcpforge 99") as caught:
        open_project(project)
    assert "mcpforge>=99." in caught.value.hint


def test_the_old_templates_render(old: Catalog) -> None:
    assert "src/demo/log_setup.py" in render(ANSWERS, old).tree


def with_kind(kind: str) -> Catalog:
    """Return a catalogue that differs from the installed one by the name of a component kind."""
    now = load()
    kinds = {**now.components, kind: replace(now.components["tool"], id=kind)}
    return replace(now, components=kinds, hash="another")


@pytest.mark.parametrize("edited", [False, True])
def test_components_of_a_kind_that_is_gone_stay(tmp_path: Path, *, edited: bool) -> None:
    root = tmp_path / "demo"
    components = (Component("helper", "look_up"), Component("tool", "forecast"))
    answers = Answers(name="demo", components=components)
    apply.create(root, prepare(root, answers, with_kind("helper")).plan)
    module = root / "src/demo/tools/look_up.py"
    if edited:
        module.write_text(f"{module.read_text(encoding='utf-8')}\n# mine\n", encoding="utf-8")
    before = module.read_bytes()
    test = next((root / "tests").glob("*look_up.py"))
    notes = update(root)
    assert any("no helper of one's own any more: the files of `look_up` stay" in n for n in notes)
    assert module.read_bytes() == before
    assert test.exists()
    assert "look_up" not in (root / "src/demo/tools/__init__.py").read_text(encoding="utf-8")
    _, lock = open_project(root)
    assert lock.files["src/demo/tools/look_up.py"].orphan
    assert [item.name for item in lock.answers.components] == ["forecast"]
    assert (root / "src/demo/tools/forecast.py").exists()
    assert update(root) == []
    carry_out(plan_answers(root, lock, add_features(lock.answers, ["caching"], load()), load()))
    assert module.read_bytes() == before


def test_a_component_kind_may_get_another_name(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    answers = Answers(name="demo", components=(Component("helper", "look_up"),))
    apply.create(root, prepare(root, answers, with_kind("helper")).plan)
    before = tree_of(root)
    now = load()
    tool = replace(now.components["tool"], formerly=("helper",))
    renamed = replace(now, components={**now.components, "tool": tool})
    root, lock = open_project(root)
    carry_out(plan_answers(root, lock, lock.answers, renamed))
    assert {path for path in tree_of(root) if ".mcpforge" not in path} == {
        path for path in before if ".mcpforge" not in path
    }
    assert open_project(root)[1].answers.components == (Component("tool", "look_up"),)

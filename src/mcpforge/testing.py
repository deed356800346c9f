"""For authors of features: `check_feature` checks one as mcpforge checks its own."""

from __future__ import annotations

import ast
import subprocess
import symtable
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpforge.answers import Answers
from mcpforge.catalog.installed import load
from mcpforge.catalog.resolve import resolve
from mcpforge.errors import ForgeError, UsageError
from mcpforge.operations.uses import imported_names
from mcpforge.project import lock as locks
from mcpforge.project import pristine
from mcpforge.project.changes import Disk, plan_change
from mcpforge.project.plan import locked_files
from mcpforge.project.relocate import module_of
from mcpforge.render.project import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.catalog.manifest import Layer, Option
    from mcpforge.render.project import Rendered
    from mcpforge.tree import Tree

# No line of a project may depend on the length of its name.
_SHORT, _LONG = "q", "abcdefghij-klmnopqrst-uvwxyzabcd-efghijk"
_HOSTILE = (
    '""" it\'s \\ a {{ project.name }} {% raw %} ${HOME} `id` # | <b> \u202e \U0001f469\u200d',
    "two\nlines\\",
)
_SHOWN = 20


class FeatureError(AssertionError):
    """A feature is not as it has to be; the message names everything that was found."""


def check_feature(path: Path | str) -> None:
    """Check a feature folder: `GROUP/FEATURE`, with its `feature.toml`.

    The manifest, and what the feature gives alone, with every partner that it names, with a member
    of every group, with other values of its options, for short and long names and hostile texts:
    its Python is compiled, checked and laid out as ruff has it; what it imports of the project, and
    the settings that it wires, are there; its TOML, YAML and JSON is read;
    adding it to a project gives what `new` gives, and removing it gives back what was there. It has
    to bring a test. Its templates run in a child process, as they do for users. Needs `ruff`.

    Raises `FeatureError` with all that is wrong.

    Example:
        def test_audit() -> None:
            check_feature("src/acme_features/middleware/acme-audit")
    """
    folder = Path(path).resolve()
    problems: list[str] = []
    try:
        catalog = load([folder.parent.parent])
        feature = catalog.feature(folder.name)
    except ForgeError as error:
        raise FeatureError(f"{error.message}\n{error.hint}".strip()) from None
    if not any(file.startswith("tests/test_") for file in feature.files.get("", ())):
        problems.append(f"`{feature.id}` brings no test: `files/tests/test_….py.jinja`")
    with tempfile.TemporaryDirectory() as scratch:
        kept = _Kept(Path(scratch))
        for answers in _all_answers(feature, catalog):
            try:
                rendered = render(answers, catalog)
                kept.take(rendered)
                problems += _unmet(rendered, render(Answers(answers.name), catalog).tree)
            except ForgeError as error:
                problems.append(f"{_said(answers)}: {error.message}")
        problems += kept.complaints()
    if not problems:
        problems += _laws(feature, catalog)
    if problems:
        found = list(dict.fromkeys(problems))
        more = [f"… and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        raise FeatureError("\n".join([f"`{feature.id}`:", *found[:_SHOWN], *more]))


def _said(answers: Answers) -> str:
    values = (item for options in answers.options.values() for item in options.items())
    options = [f"{key}={value!r}" for key, value in values]
    return f"with {', '.join([*answers.features, *options])}"


def _all_answers(feature: Layer, catalog: Catalog) -> Iterator[Answers]:
    """Yield the projects to be looked at."""
    for number, name in enumerate((_SHORT, _LONG, "my-server")):
        text = _HOSTILE[number % len(_HOSTILE)]
        yield Answers(name, title=text, description=text, author=text, features=(feature.id,))
    choices: list[tuple[str, ...]] = [
        (feature.id, partner) for partner in _partners(feature, catalog)
    ]
    choices += [(*catalog.preset(preset), feature.id) for preset in catalog.presets]
    for number, chosen in enumerate(choices):
        if _possible(chosen, catalog):
            name = (_SHORT, _LONG)[number % 2]
            yield Answers(name, title="Title", description="Text", features=chosen)
    for option in feature.options.values():
        for value in _values(option):
            options = {feature.id: {option.name: value}}
            yield Answers(_SHORT, title="Title", features=(feature.id,), options=options)


def _partners(feature: Layer, catalog: Catalog) -> list[str]:
    """Return the features that this one names, and one or more of every group."""
    named = [condition for condition in feature.files if condition in catalog.features]
    for entries in feature.entries.values():
        for entry in entries:
            named += [*entry.get("when", ()), *entry.get("unless", ())]
    asked = [name for name in named if name in catalog.features]
    for name in (*named, *feature.files):
        asked += [member.id for member in catalog.members(name)]
    for group in catalog.groups.values():
        members = [member.id for member in catalog.members(group.id) if member.id != feature.id]
        asked += [group.default] if group.default else members[:1]
    return sorted({name for name in asked if not catalog.features[name].internal} - {feature.id})


def _possible(features: Iterable[str], catalog: Catalog) -> bool:
    try:
        resolve(catalog, features)
    except UsageError:
        return False
    return True


def _values(option: Option) -> list[Any]:
    match option.type:
        case "bool":
            return [not option.default]
        case "choice":
            return [choice for choice in option.choices if choice != option.default]
        case "list":
            return [(), ("a",), ("a", "b" * 60)]
        case "str" if not option.pattern:
            return [_HOSTILE[0], "x" * 60]
        case _:
            return [value for value in (option.min, option.max) if value is not None]


class _Kept:
    """Distinct files, each in a project of its own configuration, for one run of each command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: set[tuple[str, bytes]] = set()

    def take(self, rendered: Rendered) -> None:
        """Keep what is new; what isn't the feature's was checked by mcpforge."""
        fresh = [
            path
            for path in rendered.origins
            if path.endswith(".py") and (path, rendered.tree[path].content) not in self.seen
        ]
        if not fresh:
            return
        root = self.folder / str(len(self.seen))
        for path, file in rendered.tree.items():
            if path.endswith((".py", "pyproject.toml")):
                content = file.content
                if path.endswith(".py") and path not in fresh:
                    content = b'"""A stub."""\n'
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
        self.seen.update((path, rendered.tree[path].content) for path in fresh)

    def complaints(self) -> list[str]:
        """Return what Python and ruff have to say."""
        found = []
        for path, content in sorted(self.seen):
            try:
                compile(content, path, "exec")
            except (SyntaxError, ValueError) as error:
                found.append(f"{path}: {error}")
        return [*found, *self._ruff("check", "--no-fix"), *self._ruff("format", "--check")]

    def _ruff(self, *arguments: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--quiet", "."],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if "No module named ruff" in done.stderr:
            raise FeatureError("`check_feature` needs ruff: `uv add --dev ruff`")
        return (done.stdout + done.stderr).splitlines() if done.returncode else []


def _unmet(rendered: Rendered, bare: Tree) -> Iterator[str]:
    """Yield what the Python of a project wants from the project, and what is not there.

    In the files that a `bare` project has too, `settings` are the project's own.
    """
    texts = {path: file.text for path, file in rendered.tree.items() if path.endswith(".py")}
    modules = {module_of(path): path for path in texts if path.startswith("src/")}
    packages = {module.partition(".")[0] for module in modules}
    bound = {module: _bound(texts[path]) for module, path in modules.items()}
    fields = _fields(text for path, text in texts.items() if path.endswith("/settings.py"))
    for path, text in texts.items():
        for name in sorted(imported_names(path, text)):
            module, _, last = name.rpartition(".")
            known = name in modules or last in bound.get(module, ())
            if name.partition(".")[0] in packages and not known:
                yield f"`{path}` imports `{name}`, which is not there"
        for name in sorted(_settings_used(text) - fields) if path in bare else ():
            yield f"`{path}` uses `settings.{name}`, which is no setting"


def _bound(text: str) -> set[str]:
    try:
        symbols = symtable.symtable(text, "", "exec").get_symbols()
    except (SyntaxError, ValueError):
        return set()
    return {item.get_name() for item in symbols if item.is_assigned() or item.is_imported()}


def _settings_used(text: str) -> set[str]:
    return {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "settings"
    }


def _fields(texts: Iterable[str]) -> set[str]:
    """Return what the classes of these modules define."""
    found = set()
    for text in texts:
        for table in symtable.symtable(text, "", "exec").get_children():
            found |= {item.get_name() for item in table.get_symbols() if item.is_assigned()}
    return found


def _laws(feature: Layer, catalog: Catalog) -> list[str]:
    """Return what is not as it was or should be after `add` and `remove`, file by file."""
    problems = []
    for preset in catalog.presets:
        without = Answers("my-server", title="Title", features=catalog.preset(preset))
        added = replace(without, features=tuple(sorted({*without.features, feature.id})))
        if feature.id in without.features or not _possible(added.features, catalog):
            continue
        old, new = render(without, catalog).tree, render(added, catalog).tree
        steps = (("add", old, new), ("remove", new, old))
        for verb, before, after in steps:
            if (found := _moved(before, after)) != {p: f.content for p, f in after.items()}:
                wrong = sorted(
                    path
                    for path in found.keys() | after.keys()
                    if path not in found or path not in after or found[path] != after[path].content
                )
                problems.append(f"`{verb}` on the preset {preset} leaves {', '.join(wrong)}")
        turned = replace(added, features=tuple(reversed(added.features)))
        if {path: file.id for path, file in render(turned, catalog).tree.items()} != {
            path: file.id for path, file in new.items()
        }:
            problems.append(f"The order of choices matters with the preset {preset}")
    return problems


def _moved(before: Tree, after: Tree) -> dict[str, bytes]:
    """Return the files after the plan from one tree to another was carried out in memory."""
    files = {path: file.content for path, file in before.items()}
    held = {file.id: file.content for file in before.values()}
    empty = Answers("my-server")
    lock = locks.Lock("", "", empty, locked_files(before))
    disk = Disk(read=files.get, pristine=held.get, stored=tuple(pristine.stored(before)))
    for change in plan_change(lock, locks.Lock("", "", empty, {}), after, disk, ()).changes:
        if change.action == "delete":
            del files[change.path]
        else:
            files[change.path] = change.content
    return files

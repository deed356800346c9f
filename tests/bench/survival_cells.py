"""One cell of the benchmark: a script, a verb, a feature, on a real folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from bench.survival_edits import Script, Texts
from bench.survival_facts import Facts, Prober, lost, static_facts, unparsed, wrong
from bench.survival_imports import dangling
from bench.survival_oracle import same_place
from bench.survival_scripts import SCRIPTS
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.errors import ForgeError, UsageError
from mcpforge.operations.change import ChangePlan, carry_out, open_project, plan_answers
from mcpforge.render.project import render
from operations.projects import add, make, possible, remove

BASES = ("minimal", "standard", "production")
START = Answers(name="demo", title="Demo", description="A demo.", author="Ada <ada@example.org>")


@dataclass(frozen=True, order=True)
class Cell:
    """What is tried: a script's edit, then a verb with a feature; `base` is where it begins."""

    script: str
    verb: str
    feature: str
    base: str

    def __str__(self) -> str:
        """Name it in a line."""
        return f"{self.script} × {self.verb} {self.feature} ({self.base})"


@dataclass(frozen=True)
class Verdict:
    """How it went. `outcome` is merged, conflict or loss; `places` is what both sides changed."""

    outcome: str
    reasons: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@cache
def features() -> list[str]:
    """Return all that can be chosen."""
    return sorted(feature.id for feature in load().offered)


def cells(scripts: Iterable[str] = (), *, base: str = "") -> list[Cell]:
    """Return all cells of some scripts; the bases take turns unless one is given."""
    found = []
    for number, script in enumerate(SCRIPTS):
        if scripts and script not in scripts:
            continue
        for index, feature in enumerate(features()):
            start = base or BASES[(number + index) % len(BASES)]
            found += [Cell(script, verb, feature, start) for verb in ("add", "remove")]
    return [cell for cell in found if _sides(cell) is not None]


@cache
def sides(cell: Cell) -> tuple[Answers, Answers]:
    """Return the answers before and after."""
    found = _sides(cell)
    assert found is not None
    return found


def _sides(cell: Cell) -> tuple[Answers, Answers] | None:
    base = replace(START, features=tuple(sorted(load().preset(cell.base))))
    try:
        if cell.verb == "add":
            before = remove(base, cell.feature)
            after = add(before, cell.feature)
        else:
            before = add(base, cell.feature)
            after = remove(before, cell.feature)
    except UsageError:
        return None
    fine = possible(before.features) and possible(after.features)
    return (before, after) if fine and before != after else None


@cache
def test_environment() -> dict[str, str]:
    """Return the variables that servers need, for all features."""
    catalog = load()
    return {
        setting.env: setting.test
        for feature in catalog.offered
        for setting in render(replace(START, features=(feature.id,)), catalog).slots.settings
        if setting.test is not None
    }


def read(root: Path) -> Texts:
    """Return the texts of a project, without mcpforge's state."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes().decode()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {".mcpforge", ".git", "__pycache__"} & set(path.parts)
    }


def write(root: Path, old: Texts, new: Texts) -> None:
    """Bring a folder from some texts to others."""
    for path in old.keys() - new.keys():
        (root / path).unlink()
    for path, text in new.items():
        if old.get(path) != text:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode())


class Bench:
    """Runs cells; what many of them share is made once."""

    def __init__(self, folder: Path, python: Path | None) -> None:
        """Work in a folder; without a Python nothing is imported."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.prober = Prober(python, folder, test_environment()) if python else None
        self._projects: dict[str, tuple[Path, Texts]] = {}
        self._probed: dict[int, Facts] = {}
        self._edited: tuple[tuple[str, str], tuple[Texts, Texts]] = (("", ""), ({}, {}))

    def close(self) -> None:
        """End what runs."""
        if self.prober:
            self.prober.close()

    def project(self, answers: Answers) -> tuple[Path, Texts]:
        """Return a fresh project, which nobody changes."""
        key = repr(answers)
        if key not in self._projects:
            root = make(self.folder / "fresh" / str(len(self._projects)) / "demo", answers)
            self._projects[key] = (root, read(root))
        return self._projects[key]

    def facts(self, root: Path, texts: Texts) -> Facts:
        """Return the facts of a project on disk; the same texts are looked at once."""
        key = _key(texts)
        if key not in self._probed:
            self._probed[key] = self.prober.facts(root) if self.prober else {}
        return static_facts(texts) | self._probed[key]

    def texts(self, cell: Cell) -> dict[str, Texts]:
        """Return the texts of a cell before the verb, edited, and as `new` gives them after it."""
        first, last = sides(cell)
        key = cell.script, repr(first)
        if key != self._edited[0]:
            before = self.project(first)[1]
            self._edited = key, (before, SCRIPTS[cell.script].edited(before))
        before, edited = self._edited[1]
        new = self.project(last)[1]
        ideal = SCRIPTS[cell.script].edited(new)
        return {"before": before, "new": new, "edited": edited, "ideal": ideal}

    def stage(self, cell: Cell) -> tuple[Path, dict[str, Texts]]:
        """Return an edited project on disk, and the texts of all that matters."""
        texts = self.texts(cell)
        root = self.folder / "cell" / "demo"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.project(sides(cell)[0])[0], root)
        write(root, texts["before"], texts["edited"])
        return root, texts

    def usable(self, cell: Cell) -> str:
        """Return why the edit alone breaks the project, or nothing."""
        texts = self.texts(cell)
        bad = unparsed(texts["edited"])
        if self.prober is None or bad:
            return ", ".join(bad)
        if _key(texts["edited"]) not in self._probed:
            root, texts = self.stage(cell)
            self.facts(root, texts["edited"])
        return ", ".join(self._probed[_key(texts["edited"])].get("error", []))

    def ours(self, cell: Cell) -> Verdict:
        """Change an edited project with our verbs."""
        root, texts = self.stage(cell)
        state = _state(root)
        places = touched(SCRIPTS[cell.script], texts)
        try:
            planned = plan(root, sides(cell)[1])
            said = planned.plan.notes
            reasons = tuple(f"{clash.path}: {clash.reason}" for clash in planned.plan.clashes)
            carry_out(planned)
        except ForgeError as error:
            if error.code == "in_use" and _used_by_own(str(error), texts["before"]):
                places = (*places, "in use")
            written = () if _state(root) == state else ("refused, but files were written",)
            why = reasons if error.code == "conflict" else (f"{error.code}: {error}",)
            return Verdict("loss" if written else "conflict", written or why, places=places)
        return replace(self.judge(cell, root, texts, said), places=places)

    def judge(
        self, cell: Cell, root: Path, texts: dict[str, Texts], said: Iterable[str]
    ) -> Verdict:
        """Look at a project that was changed without a conflict."""
        said = list(said)
        texts = {**texts, "after": read(root)}
        gone = lost(SCRIPTS[cell.script], texts, said)
        broken = unparsed(texts["after"])
        first, last = sides(cell)
        facts: Mapping[str, Facts] = {
            "before": self.facts(*self.project(first)),
            "new": self.facts(*self.project(last)),
            "edited": self.facts(root, texts["edited"]),
            "after": self.facts(root, texts["after"]),
        }
        odd = [] if broken else wrong(facts, texts, said)
        odd += [line for line in new_dangling(texts) if not _is_said(line, said)]
        return Verdict("loss" if gone else "merged", tuple(gone), tuple(broken), tuple(odd))


def _key(texts: Texts) -> int:
    """Return what the texts that a server is made of are known by."""
    return hash(frozenset(item for item in texts.items() if not _aside(item[0])))


def _aside(path: str) -> bool:
    return path.startswith("tests/") or "/" not in path


def new_dangling(texts: Mapping[str, Texts]) -> list[str]:
    """Return the imports that lead nowhere and didn't before."""
    return sorted(dangling(texts["after"]) - dangling(texts["edited"]))


def _is_said(line: str, said: Iterable[str]) -> bool:
    """Whether a note names the file that imports and the name that is gone, both in one."""
    path, _, rest = line.partition(" imports ")
    name = rest.partition(",")[0]
    return any(f"`{path}`" in note and f"`{name}`" in note for note in said)


def _used_by_own(message: str, before: Texts) -> bool:
    """Whether what goes is used by a file of the user's, not by an edited or moved one of ours."""
    names = {path.rpartition("/")[2] for path in before}
    used = re.findall(r"([\w./-]+\.py):\d+", message)
    return any(path.rpartition("/")[2] not in names for path in used)


def _state(root: Path) -> dict[str, bytes]:
    local = root / ".mcpforge" / "local"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and local not in path.parents
    }


def plan(root: Path, answers: Answers) -> ChangePlan:
    """Return what the verb would do."""
    root, lock = open_project(root)
    return plan_answers(root, lock, answers, load())


def touched(script: Script, texts: Mapping[str, Texts]) -> tuple[str, ...]:
    """Return where the user and the templates changed the same expression, file by file."""
    before, edited, new = texts["before"], texts["edited"], texts["new"]
    found = []
    for path in sorted(before.keys() | new.keys()):
        old, theirs = before.get(path), new.get(path)
        ours = edited.get(script.moved.get(path, path))
        if old == theirs:
            continue
        if old is None:
            place = "a file of the user's" if ours is not None else ""
        elif ours is None:
            place = "deleted"
        elif theirs is None:
            place = ""
        else:
            place = same_place(path, old, _as_if_there(script, path, ours), theirs)
        if place:
            found.append(f"{path}: {place}")
    return tuple(found)


def _as_if_there(script: Script, path: str, text: str) -> str:
    """Return the text of a moved module with the imports of its old place."""
    return text.replace("\nfrom ..", "\nfrom .") if path in script.moved else text

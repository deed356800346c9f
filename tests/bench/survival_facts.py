"""What is to be true of a project after a verb: nothing of the user's is lost, all is wired."""

from __future__ import annotations

import ast
import inspect
import io
import json
import re
import subprocess
import tokenize
import tomllib
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mcpforge.render.contributions import split_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.survival_edits import Script, Texts

PROBE = Path(__file__).with_name("survival_probe.py")
Facts = dict[str, list[str]]
# Their order says which comes first; of all others only the members count.
ORDERED = ("middleware", "lifespan", "asgi")


@lru_cache(maxsize=20_000)
def words(path: str, text: str) -> Counter[str]:
    """Return what a text says, however it is laid out and quoted."""
    text = text.replace("\r\n", "\n")
    if path.endswith(".py"):
        try:
            return Counter(_tokens(text))
        except (tokenize.TokenError, SyntaxError, ValueError):
            return Counter(text.split())
    return Counter(re.sub(r"[\"',]", " ", text).split())


def _tokens(text: str) -> Iterable[str]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("# ")
        elif token.type == tokenize.STRING and "f" not in token.string.split("'")[0].split('"')[0]:
            value = ast.literal_eval(token.string)
            yield repr(inspect.cleandoc(value).strip() if isinstance(value, str) else value)
        elif token.string.strip() and token.string not in "(),[]":
            yield token.string


def lost(script: Script, texts: Mapping[str, Texts], said: Iterable[str] = ()) -> list[str]:
    """Return what the user wrote that is gone: files, and words that no note names.

    `texts` has the projects `before`, `edited`, `after`, `new`, and `ideal`: `new` and the same
    edit.
    """
    before, edited, after, ideal = (texts[name] for name in ("before", "edited", "after", "ideal"))
    origin = {new: old for old, new in script.moved.items()}
    moved = moved_as_they_were(before, edited)
    notes = "\n".join(said)
    found = []
    for path, text in edited.items():
        original = before.get(moved.get(path, origin.get(path, path)), "")
        if original == text and (path in before or path in after):
            continue
        if path not in after:
            leaves = moved.get(path, path) not in texts["new"]
            if not (leaves and (original == text or _only_follows(script, path, texts))):
                found.append(f"{path}: the file is gone")
            continue
        gone = words(path, text) - words(path, original) - words(path, after[path])
        if script.rewrites:
            gone -= words(path, text) - words(path, ideal.get(path, ""))
        unsaid = [word for word in gone if f"`{path}`" not in notes or word not in notes]
        if unsaid:
            found.append(f"{path}: {' '.join(sorted(unsaid))}")
    return found


def moved_as_they_were(before: Texts, edited: Texts) -> dict[str, str]:
    """Return new path → old path of files that stand elsewhere with the same text."""
    old = {text: path for path, text in before.items() if path not in edited}
    return {path: old[text] for path, text in edited.items() if path not in before and text in old}


def _only_follows(script: Script, path: str, texts: Mapping[str, Texts]) -> bool:
    """Whether a file differs by nothing but what a move or a new name of another one asks for."""
    if path in script.moved.values() or not (script.moved or script.names):
        return False
    old, text = texts["before"].get(path, ""), texts["edited"][path]
    for name, new in script.names.items():
        old = re.sub(rf"(?<!socket\.)\b{name}\b", new, old)
    return _without_imports(old) == _without_imports(text)


def _without_imports(text: str) -> str:
    return re.sub(r"^ *from [\w.]+ import ", "", text, flags=re.M)


def unparsed(texts: Texts) -> list[str]:
    """Return the files that can't be read as what they are, or hold conflict markers."""
    return [path for path, text in texts.items() if not _parses(path, text)]


@lru_cache(maxsize=20_000)
def _parses(path: str, text: str) -> bool:
    if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.M):
        return False
    try:
        if path.endswith(".py"):
            compile(text, path, "exec", dont_inherit=True)
        elif path.endswith(".toml"):
            tomllib.loads(text)
        elif path.endswith(".json"):
            json.loads(text)
        elif path.endswith((".yml", ".yaml")):
            list(yaml.safe_load_all(text))
    except (SyntaxError, ValueError, yaml.YAMLError):
        return False
    return True


def static_facts(texts: Texts) -> Facts:
    """Return what can be read without running anything."""
    try:
        project = tomllib.loads(texts.get("pyproject.toml", ""))
    except ValueError:
        project = {}
    names = {
        "requirement": project.get("project", {}).get("dependencies", []),
        "dev requirement": project.get("dependency-groups", {}).get("dev", []),
    }
    return {
        **{
            kind: [split_requirement(item)[0].lower() for item in found]
            for kind, found in names.items()
        },
        "variable": re.findall(r"^(?:# ?)?([A-Z][A-Z_0-9]*)=", texts.get(".env.example", ""), re.M),
        "ignored": [
            line for line in texts.get(".gitignore", "").splitlines() if line[:1] not in ("#", "")
        ],
        "file": sorted(path for path in texts if not path.startswith("docs/")),
    }


class Prober:
    """Imports and lists servers in one process, see survival_probe.py."""

    def __init__(self, python: Path, folder: Path, env: Mapping[str, str]) -> None:
        """Start it."""
        self.env = dict(env)
        self.out = folder / "facts.json"
        self.command = [str(python), "-B", str(PROBE)]
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(self.command, stdin=pipe, stdout=pipe, text=True)

    def close(self) -> None:
        """End it, and close both pipes."""
        with self.process:
            pass

    def facts(self, root: Path) -> Facts:
        """Return the facts of a project on disk; an `error` if it can't be imported."""
        if self.process.poll() is not None:
            self.close()
            self.process = self._start()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.out.unlink(missing_ok=True)
        job = {"root": str(root), "package": "demo", "env": self.env, "out": str(self.out)}
        self.process.stdin.write(f"{json.dumps(job)}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()
        if not self.out.exists():
            return {"error": ["it took too long, or ended the process"]}
        found: dict[str, Any] = json.loads(self.out.read_text(encoding="utf-8"))
        facts: Facts = found.get("facts") or {"error": [found["error"].replace(str(root), "")]}
        return facts


def wrong(
    facts: Mapping[str, Facts], texts: Mapping[str, Texts], said: Iterable[str] = ()
) -> list[str]:
    """Return how a project differs from a fresh `new` with the user's additions and removals.

    `facts` has `before` and `new` of fresh projects, `edited` and `after` of the user's. What a
    note says may stay.
    """
    notes = "\n".join(said)
    before, new, edited, after = (facts[name] for name in ("before", "new", "edited", "after"))
    if "error" in after:
        return [f"error: {after['error'][0]}"]
    found = []
    for kind, wanted in new.items():
        own = set(edited[kind]) - set(before[kind])
        dropped = set(before[kind]) - set(edited[kind])
        want = (set(wanted) - dropped) | own
        got = after[kind]
        missing, extra = want - set(got), set(got) - want
        if kind == "file":
            moved = moved_as_they_were(texts["before"], texts["edited"])
            leaving = {path for path, old in moved.items() if old not in wanted}
            missing -= leaving
            extra = {
                path for path in extra if texts["edited"].get(path) == texts["before"].get(path)
            } | (leaving & set(got))
        extra = {name for name in extra if f"`{name}" not in notes}
        found += [f"{kind} {name} is missing" for name in sorted(missing)]
        found += [f"{kind} {name} is there" for name in sorted(extra)]
        usual = Counter(wanted) | Counter(edited[kind])
        twice = [name for name, count in Counter(got).items() if count > max(1, usual[name])]
        found += [f"{kind} {name} is there twice" for name in twice]
        if kind in ORDERED and not (missing or extra or twice):
            found += _order(kind, before[kind], wanted, edited[kind], got)
    return found


def _order(
    kind: str, before: list[str], new: list[str], edited: list[str], got: list[str]
) -> list[str]:
    kept = [name for name in edited if name in before]
    if kept != [name for name in before if name in kept]:
        return []
    theirs = [name for name in got if name in new]
    if theirs == [name for name in new if name in theirs]:
        return []
    return [f"{kind} in the order {', '.join(theirs)}"]

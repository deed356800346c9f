"""Manifests and templates that nobody would write: only sentences, and nothing happens.

By hand, for longer: `MCPFORGE_FUZZ=20000 pytest -n 0 tests/thirdparty/test_fuzz.py -s`.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load as load_ours
from mcpforge.catalog.installed import joined
from mcpforge.confine import Child, Limits
from mcpforge.errors import ForgeError
from mcpforge.render.confined import portable
from mcpforge.render.project import render
from processes import everything
from thirdparty.folders import feature

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = int(os.environ.get("MCPFORGE_FUZZ", "0"))
SEED = int(os.environ.get("MCPFORGE_FUZZ_SEED", "7"))
CATALOG = load_ours()
HERE = Path(__file__).parent
PIECES = (
    *("{{", "}}", "{%", "%}", "{#", "#}", "(", ")", "[", "]", "{", "}", "|", "~", ".", ",", ":"),
    *(" if ", " else ", " for x in ", " in ", " is ", " not ", " and ", "endif", "endfor", "raw"),
    *("set ", "macro m()", "endmacro", "call m()", "block b", "include ", "import ", "extends "),
    *("''", "'__class__'", "'{0.__class__}'", '"\\x1b"', "'\\ud800'", "'%s'", "1", "-1", "10**9"),
    *(
        "range(10**9)",
        "range(9)",
        "lipsum",
        "cycler",
        "joiner",
        "namespace",
        "dict",
        "self",
        "loop",
    ),
    *("__class__", "__mro__", "__subclasses__", "__globals__", "__init__", "__builtins__", "_x"),
    *("project", "package", "options", "slots", "settings", "imports", "env_prefix", "fragments"),
    *("attr", "map", "select", "format", "pystr", "toml", "yaml", "json", "md", "shell", "author"),
    *("replace", "join", "list", "string", "tojson", "xmlattr", "center(10**9)", "*", "**", "//"),
    *("upper", "append(1)", "pop()", "update", "\n", " ", "\0", "\u202e", "ä", "\U0001f600", "\\"),
)
WORDS = (
    *("true", "false", "0", "-1", "9" * 40, "1e999", "nan", "inf", "2020-01-01", "''", "'x'"),
    *("[]", "[[]]", "{}", "{a = 1}", "['a', 1]", "'''a\nb'''", '"\\u0000"', "'{{ options.x }}'"),
    *("'__class__'", "'../../x'", "'.x:y'", "'x'", "[settings]", "[[settings]]", "[[server]]"),
    *("import = 'a:b'", "type = 'int'", "name = 'a'", "phase = 'audit'", "schema = 2", "=", "."),
    *("\n", "\0", "\xff", "\u2028", "#", '"', "'", "[", "]", "{{ 10**9 }}", "{% for", "keyword = "),
)


def sources(pattern: str) -> list[str]:
    """Return files of ours to begin with."""
    root = HERE.parent.parent / "templates" / "features"
    return [path.read_text(encoding="utf-8") for path in sorted(root.rglob(pattern))]


MANIFESTS, TEMPLATES = sources("feature.toml"), sources("*.jinja")


def mutated(text: str, chance: random.Random, pieces: tuple[str, ...]) -> bytes:
    """Return a text with some of it cut, doubled, moved, replaced, or bytes of it turned."""
    for _ in range(chance.randint(1, 6)):
        start = chance.randint(0, len(text))
        end = min(len(text), start + chance.choice((0, 1, 3, 10, 60)))
        middle = chance.choice(("", chance.choice(pieces), text[start:end] * 2))
        text = text[:start] + middle + text[end:]
    raw = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(chance.choice((0, 0, 0, 1, 3))):
        if raw:
            raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw)


class Watched:
    """A child of ours with the audit hook; a new one when the last was ended by a limit."""

    def __init__(self) -> None:
        """Start with none, and count."""
        self.child: Child | None = None
        self.context: dict[str, Any] = {}
        self.count = self.limits = self.refused = self.uses = 0

    def ask(self, request: object) -> dict[str, Any]:
        """Return the reply; whatever happens in the child, it is a sentence here."""
        if self.child is None or self.uses > 200:
            self.close()
            self.child = Child("thirdparty.watched:work", Limits(cpu=3))
            self.uses = 0
        self.count += 1
        self.uses += 1
        try:
            reply: dict[str, Any] = self.child.ask(request, "It")
        except ForgeError as error:
            assert error.message.isprintable() or "\n" in error.message
            if error.code == "limit":
                self.limits += 1
                self.close()
            return {"error": [error.message, error.hint, error.code]}
        assert reply["seen"] == []
        self.refused += "result" not in reply
        return reply

    def close(self) -> None:
        """End the child."""
        if self.child:
            self.child.close()
        self.child = None


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """Return the watched child of this module."""
    sys.path.append(str(HERE.parent))
    made = Watched()
    made.context = context()
    yield made
    made.close()
    sys.path.remove(str(HERE.parent))
    print(f"\n{made.count} examples, {made.refused} refused, {made.limits} ended by a limit")  # noqa: T201


def context() -> dict[str, Any]:
    """Return what templates are given, of a project with many features."""
    made = render(Answers("demo", title="Demo", features=CATALOG.preset("production")), CATALOG)
    shared = {
        "project": {"name": "demo", "title": "Demo"},
        "package": "demo",
        "env_prefix": "DEMO_",
        "options": {"x": "value", "y": ("a", "b")},
        "slots": made.slots,
    }
    return json.loads(json.dumps(portable(shared)))  # type: ignore[no-any-return]


# What could only show if the sandbox had a hole.
LEAKS = ("<module '", "<code object", "<frame", "root:x:", "posix", "<class 'type'>")


def check_template(watched: Watched, text: str) -> None:
    """Render a text with the context of a project."""
    reply = watched.ask({"text": text, "context": watched.context})
    if "result" in reply:
        made = reply["result"]
        assert not [leak for leak in LEAKS if leak in made and leak not in text]


@settings(max_examples=LONG or 200, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=25))
def test_templates_of_pieces(watched: Watched, pieces: list[str]) -> None:
    text = "".join(pieces)
    check_template(watched, text)
    check_template(watched, "{{ " + text + " }}")


def test_templates_of_ours_mutated(watched: Watched) -> None:
    chance = random.Random(SEED)
    for _ in range(LONG or 300):
        raw = mutated(chance.choice(TEMPLATES), chance, PIECES)
        check_template(watched, raw.decode("utf-8", "replace"))


def test_manifests_of_ours_mutated(watched: Watched, tmp_path: Path) -> None:
    """Read, joined with our catalogue, and rendered where they pass."""
    chance = random.Random(SEED)
    outside = everything(tmp_path.parent)
    passed = 0
    for number in range((LONG and LONG // 4) or 100):
        root = tmp_path / "origin"
        folder = feature(root, files={"files/src/{{ package }}/thing.py": "x = 1\n"})
        raw = mutated(chance.choice(MANIFESTS), chance, WORDS)
        (folder / "feature.toml").write_bytes(raw)
        request = {
            "job": "read",
            "root": str(root),
            "prefix": "",
            "groups": list(CATALOG.groups),
            "ids": list(CATALOG.features),
        }
        reply = watched.ask(request)
        assert "fault" not in reply, (number, raw, reply)
        if "result" not in reply:
            continue
        try:
            catalog = joined(CATALOG, [{**reply["result"], "root": str(root)}])
            tree = render(Answers("demo", title="D", features=("acme-thing",)), catalog).tree
        except ForgeError as error:
            assert error.code != "bug"
        else:
            assert "src/demo/thing.py" in tree
            passed += 1
    assert passed
    (tmp_path / "origin").rename(tmp_path.parent / "gone")
    import shutil

    shutil.rmtree(tmp_path.parent / "gone")
    assert {key: kind for key, kind in everything(tmp_path.parent).items()} == outside

"""`check_feature` finds what authors get wrong, and says all of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mcpforge.testing import FeatureError, check_feature
from thirdparty.folders import feature

GOOD = '"""A thing."""\n\nSIZE = 3\n'
TEST = '"""The thing."""\n\n\ndef test_thing() -> None:\n    assert True\n'
FILES = {"files/src/{{ package }}/thing.py.jinja": GOOD, "files/tests/test_thing.py.jinja": TEST}


def module(text: str) -> dict[str, str]:
    """Return the files of a feature with this module."""
    return {**FILES, "files/src/{{ package }}/thing.py.jinja": text}


def test_a_good_feature_passes(tmp_path: Path) -> None:
    check_feature(feature(tmp_path, files=FILES))


@pytest.mark.parametrize(
    ("files", "manifest", "said"),
    [
        ({"files/x.md": "x"}, "", "brings no test"),
        (FILES, "nonsense = 1", "unknown key `nonsense`"),
        (module("def ("), "", "is no PY file"),
        (module('"""A thing."""\n\nimport os\n'), "", "F401"),
        (module('"""A thing."""\n\nSIZE = [1,2]\n'), "", "thing.py"),
        (module('"""A thing."""\n\nSIZE = {{ missing }}\n'), "", "'missing' is undefined"),
        (module('"""{{ project.title }}"""\n'), "", "is no PY file"),
        (
            module(f'"""A thing."""\n\nNAMES = ["{{{{ package }}}}", "{"a" * 60}"]\n'),
            "",
            "thing.py",
        ),
        ({**FILES, "files/x.toml.jinja": "a = {{ project.title }}\n"}, "", "is no TOML file"),
        ({**FILES, "files/x.yaml.jinja": "a: {{ project.title }}\n"}, "", "is no YAML file"),
        ({**FILES, "files/x.json.jinja": '{"a": "{{ project.title }}"}\n'}, "", "is no JSON file"),
        ({**FILES, "with/health/x.toml": "a =\n"}, "", "with acme-thing, health: "),
        ({**FILES, "with/storage/x.toml": "a =\n"}, "", "with acme-thing, redis: "),
        (
            module('"""A thing."""\n\nTEXT = "{{ options.text }}"\n'),
            "[options.text]\ntype = 'str'\ndefault = 'a'\nhelp = 'x'",
            "text=",
        ),
        (
            module('"""A thing."""\n\nSIZE = {{ 6 // options.size }}\n'),
            "[options.size]\ntype = 'int'\ndefault = 3\nmin = 0\nhelp = 'x'",
            "size=0",
        ),
        (FILES, "[[startup]]\nimport = '.thing:start'\narguments = [')']", "startup.py"),
        (FILES, "[[tools]]\nimport = '.nowhere:size'", "imports `q.tools.nowhere.size`"),
        (FILES, "[[middleware]]\nphase = 'custom'\nimport = '.thing:Thing'", "`q.thing.Thing`"),
        (
            module('"""A thing."""\n\nfrom .tools import nothing as nothing\n'),
            "",
            "q.tools.nothing",
        ),
        (
            FILES,
            "[[middleware]]\nphase = 'custom'\nimport = '.thing:SIZE'\n"
            "keywords = { size = 'settings.nothing' }",
            "`settings.nothing`, which is no setting",
        ),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, files: dict[str, str], manifest: str, said: str
) -> None:
    folder = feature(tmp_path, manifest=manifest, files=files)
    with pytest.raises(FeatureError) as found:
        check_feature(folder)
    assert said in str(found.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    files = {"files/src/{{ package }}/thing.py": "import os\n", "with/health/x.toml": "a ="}
    with pytest.raises(FeatureError) as found:
        check_feature(feature(tmp_path, files=files))
    told = str(found.value)
    assert all(word in told for word in ("brings no test", "F401", "is no TOML file"))


def test_a_folder_that_is_no_feature(tmp_path: Path) -> None:
    with pytest.raises(FeatureError):
        check_feature(tmp_path / "middleware" / "nothing")


def test_it_says_when_ruff_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 1, "", f"{sys.executable}: No module named ruff")
    monkeypatch.setattr("mcpforge.testing.subprocess.run", lambda *_, **__: done)
    with pytest.raises(FeatureError, match="needs ruff"):
        check_feature(feature(tmp_path, files=FILES))

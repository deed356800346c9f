"""`--json` in a project from a foreign template fits the schema that mcpforge ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema

import mcpforge
from foreign.repositories import commit, git, small_template

if TYPE_CHECKING:
    import pytest

    from processes import CommandLine

SCHEMA = json.loads((Path(mcpforge.__file__).parent / "cli/envelope.schema.json").read_text())
CONTENT = {
    "copier.yml": "size: 3\nsecret: {type: str, secret: true, default: x}\n",
    "size.conf.jinja": "size = {{ size }}\n",
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
}


def test_every_command_keeps_to_the_schema(
    tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small_template(tmp_path / "template", CONTENT, tag="1.0.0")
    (source / "size.conf.jinja").write_text("size = {{ size }}0\n")
    commit(source, "Two")
    git(source, "tag", "2.0.0")

    def check(*words: str, code: int = 0) -> None:
        done = cli(*words, "--json")
        jsonschema.validate(done.json, SCHEMA)
        assert (done.code, done.json["exit_code"]) == (code, code), done.out
        assert done.err == ""

    new = ("new", "made", "--template", str(source), "--ref", "1.0.0")
    check(*new, "--dry-run")
    check(*new, "--diff", "--data", "secret=y")
    check(*new, "--ref", "9", code=2)
    check(*new, "--data", "nothing=1", code=2)
    check(*new)
    check(*new, code=1)
    monkeypatch.chdir(tmp_path / "made")
    for words in (("set", "data.size=4"), ("update",)):
        check(*words, "--dry-run")
        check(*words, "--diff")
        check(*words)
        check(*words)
    for word in ("info", "doctor", "undo"):
        check(word)
    check("add", "caching", code=1)
    check("env", code=1)
    Path("size.conf").write_text("size = mine\n")
    check("update", code=3)

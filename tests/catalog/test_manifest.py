"""The manifest's vocabulary is closed, and each refusal says where and what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from catalogs import Table, make_catalog
from mcpforge.catalog.checks import check_catalog, check_manifest
from mcpforge.catalog.manifest import ENTRIES, KEYS
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog

GOOD: Table = {"schema": 1, "title": "Thing", "summary": "A thing"}
OPTION: Table = {"type": "int", "default": 1, "help": "A number"}
SETTING: Table = {"name": "x", "type": "str", "help": "An x"}
CALL: Table = {"import": ".x:y"}


def refusal(raw: dict[str, Any], what: str = "feature") -> ForgeError:
    with pytest.raises(ForgeError) as caught:
        check_manifest(raw, what=what, where="a/feature.toml")
    assert caught.value.code == "manifest"
    assert caught.value.message.startswith("a/feature.toml")
    return caught.value


def test_the_smallest_manifest() -> None:
    check_manifest(GOOD, what="feature", where="x")
    check_manifest({"schema": 1, "title": "Group"}, what="group", where="x")


@pytest.mark.parametrize("what", sorted(KEYS))
@pytest.mark.parametrize("schema", [None, 0, 2, "1"])
def test_another_schema_is_refused(what: str, schema: object) -> None:
    assert "schema" in refusal({**GOOD, "schema": schema}, what).message


@pytest.mark.parametrize(
    ("key", "near"),
    [("sumary", "summary"), ("dependency", "dependencies"), ("setings", "settings")],
)
def test_an_unknown_key_is_refused_with_the_nearest(key: str, near: str) -> None:
    error = refusal({**GOOD, key: "x"})
    assert f"unknown key `{key}`" in error.message
    assert error.hint == f"Did you mean `{near}`? "


def test_an_unknown_key_far_from_all_lists_them() -> None:
    assert "Known: schema, title" in refusal({**GOOD, "zzz": "x"}).hint


@pytest.mark.parametrize("key", ["requires", "kind", "after", "shared-url"])
def test_only_features_depend_on_others(key: str) -> None:
    assert key in refusal({"schema": 1, "title": "Group", key: "x"}, "group").message


@pytest.mark.parametrize("slot", sorted(ENTRIES))
def test_entries_have_a_closed_vocabulary_too(slot: str) -> None:
    assert f"{slot} 1: unknown key `impotr`" in refusal({**GOOD, slot: [{"impotr": "x"}]}).message


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"schema": 1, "summary": "x"}, "`title` is missing"),
        ({"schema": 1, "title": "x"}, "`summary` is missing"),
        ({**GOOD, "title": ""}, "`title` is missing"),
        ({**GOOD, "title": 1}, "`title` must be text"),
        ({**GOOD, "requires": "x"}, "`requires` must be a list of texts"),
        ({**GOOD, "dependencies": [1]}, "`dependencies` must be a list of texts"),
        ({**GOOD, "options": []}, "`options` must be a table"),
        ({**GOOD, "options": {"x": 1}}, "options.x must be a table"),
        ({**GOOD, "options": {"a-b": OPTION}}, "an option's name has letters"),
        ({**GOOD, "options": {"x": {**OPTION, "hlep": ""}}}, "unknown key `hlep`"),
        ({**GOOD, "options": {"x": {"type": "int", "default": 1}}}, "`help` is missing"),
        ({**GOOD, "options": {"x": {**OPTION, "type": "itn"}}}, "`itn` is not one of"),
        ({**GOOD, "options": {"x": {**OPTION, "default": "1"}}}, "doesn't fit the type `int`"),
        ({**GOOD, "options": {"x": {**OPTION, "default": True}}}, "doesn't fit the type `int`"),
        ({**GOOD, "options": {"x": {**OPTION, "min": 2}}}, "doesn't fit the type `int`"),
        ({**GOOD, "options": {"x": {**OPTION, "max": 0}}}, "doesn't fit the type `int`"),
        ({**GOOD, "options": {"x": {**OPTION, "choices": ["a"]}}}, "`choices` belongs"),
        ({**GOOD, "options": {"x": {**OPTION, "type": "choice"}}}, "`choices` belongs"),
        (
            {**GOOD, "options": {"x": {**OPTION, "type": "choice", "choices": ["a"]}}},
            "doesn't fit the type `choice`",
        ),
        ({**GOOD, "options": {"x": {**OPTION, "type": "list"}}}, "doesn't fit the type `list`"),
        ({**GOOD, "options": {"x": {**OPTION, "type": "bool"}}}, "doesn't fit the type `bool`"),
        ({**GOOD, "options": {"x": {**OPTION, "type": "str"}}}, "doesn't fit the type `str`"),
        ({**GOOD, "settings": [{"name": "x"}]}, "settings 1: `type` is missing"),
        ({**GOOD, "settings": SETTING}, "`settings` must be a list of tables"),
        ({**GOOD, "settings": [SETTING, {**SETTING, "required": True}]}, "settings 2: a required"),
        ({**GOOD, "settings": [{**SETTING, "generate": "uuid"}]}, "`uuid` is not one of token"),
        ({**GOOD, "settings": [{**SETTING, "secret": "yes"}]}, "`secret` must be true or false"),
        ({**GOOD, "tools": [{}]}, "tools 1: `import` is missing"),
        ({**GOOD, "tools": [{"import": "module"}]}, "must be `module:name`"),
        ({**GOOD, "middleware": [CALL]}, "`None` is not one of lookup"),
        ({**GOOD, "middleware": [{**CALL, "phase": "limits"}]}, "`limits` is not one of"),
        ({**GOOD, "asgi": [{**CALL, "phase": "errors"}]}, "`errors` is not one of"),
        ({**GOOD, "server": [CALL]}, "exactly one of"),
        ({**GOOD, "server": [{**CALL, "keyword": "a", "local": "b"}]}, "exactly one of"),
        ({**GOOD, "server": [{**CALL, "statement": True, "when": "x"}]}, "`when` must be a list"),
    ],
)
def test_each_refusal_names_its_place(raw: dict[str, Any], said: str) -> None:
    assert said in refusal(raw).message


def test_a_group_takes_one_or_many() -> None:
    raw = {"schema": 1, "title": "Group", "takes": "two"}
    assert "`two` is not one of one, many" in refusal(raw, "group").message


def test_the_built_in_catalogue_fits_together(catalog: Catalog) -> None:
    check_catalog(catalog)


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        ({"requires": ["nohting"]}, "`nohting` is not one of"),
        ({"excludes": ["nohting"]}, "`nohting` is not one of"),
        ({"after": ["nohting"]}, "`nohting` is not one of"),
        ({"requires-group": {"nohting": "thing"}}, "`nohting` is not one of"),
        ({"requires-group": {"other": "thing"}}, "`thing` is not one of second"),
        ({"tools": [{**CALL, "when": ["nohting"]}]}, "`nohting` is not one of"),
        ({"tools": [{**CALL, "unless": ["nohting"]}]}, "`nohting` is not one of"),
    ],
)
def test_what_is_not_there_can_not_be_named(tmp_path: Path, feature: Table, said: str) -> None:
    made = make_catalog(tmp_path, {"first": {"thing": feature}, "other": {"second": {}}})
    with pytest.raises(ForgeError) as caught:
        check_catalog(made)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("presets", "said"),
    [
        ({"p": {"summary": "P", "features": ["thign"]}}, "Did you mean `thing`? "),
        ({"p": {"summary": "P", "extends": "q"}}, ""),
        ({"p": {"summary": "P", "featuers": []}}, "Did you mean `features`? "),
        ({"a": {"summary": "A", "extends": "b"}, "b": {"summary": "B", "extends": "a"}}, ""),
    ],
)
def test_presets_hold_what_is_there(tmp_path: Path, presets: dict[str, Table], said: str) -> None:
    made = make_catalog(tmp_path, {"first": {"thing": {}}}, presets=presets)
    with pytest.raises(ForgeError, match=r"^preset ") as caught:
        check_catalog(made)
    assert caught.value.hint == said


@pytest.mark.parametrize(
    "path",
    [
        "features/first/thing/with/nohting/x.py.jinja",
        "features/first/thing/fragments/nohting.jinja",
    ],
)
def test_folders_are_named_after_what_is_there(tmp_path: Path, path: str) -> None:
    made = make_catalog(tmp_path, {"first": {"thing": {}}}, files={path: "x"})
    with pytest.raises(ForgeError, match="`nohting` is not one of"):
        check_catalog(made)


def test_a_default_belongs_to_its_group(tmp_path: Path) -> None:
    groups = {"first": {"thing": Table()}, "other": {"second": Table()}}
    made = make_catalog(tmp_path, groups, group_data={"first": {"default": "second"}})
    with pytest.raises(ForgeError, match="`second` is not one of thing"):
        check_catalog(made)

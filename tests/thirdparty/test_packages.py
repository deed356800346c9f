"""Installed packages and named folders: found, remembered, missed, renewed."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mcpforge.catalog import packages
from mcpforge.catalog.catalog import load as load_ours
from mcpforge.catalog.installed import load
from mcpforge.errors import ForgeError
from mcpforge.operations.thirdparties import install_command
from processes import files
from thirdparty.folders import feature, package

if TYPE_CHECKING:
    from processes import CommandLine

TEXT = "x = {{ project.name | pystr }}\n"
THING = {"files/src/{{ package }}/thing.py.jinja": TEXT}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that packages are installed in."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def install(site: Path, version: str = "1.0", text: str = TEXT) -> None:
    """Install acme-features with one feature; the folder's time moves as with a real installer."""
    root = package(site, version=version)
    feature(root, files={**THING, "files/src/{{ package }}/thing.py.jinja": text})
    status = site.stat()
    os.utime(site, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


def lock(folder: str = "demo") -> dict[str, dict[str, dict[str, object]]]:
    return tomllib.loads((Path(folder) / ".mcpforge" / "lock.toml").read_text(encoding="utf-8"))


def test_without_packages_the_catalogue_is_ours(site: Path) -> None:
    assert site.is_dir()
    assert load() is load_ours()


def test_a_package_is_found_and_never_imported(site: Path) -> None:
    install(site)
    origin = load().feature("acme-thing").origin
    assert origin is not None
    assert (origin.prefix, origin.package, origin.version) == ("acme", "acme-features", "1.0")
    assert origin.label == "acme-features 1.0"


def test_a_package_is_read_once(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site)
    first = load().features["acme-thing"]
    with monkeypatch.context() as patch:
        patch.setattr("mcpforge.confine.Child", None)  # no child can be started
        patch.setattr(packages, "_announcing", None)  # nor any package looked for
        assert load().features["acme-thing"] == first
    root = site / "acme_features"
    feature(root, files={"files/more.txt": "x"})
    assert "more.txt" in load().features["acme-thing"].files[""]
    install(site, "2.0")
    origin = load().features["acme-thing"].origin
    assert origin
    assert origin.version == "2.0"


def test_no_package_is_remembered_too(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load() is load_ours()
    with monkeypatch.context() as patch:
        patch.setattr(packages, "_announcing", None)
        assert load() is load_ours()
    install(site)
    assert "acme-thing" in load().features
    for path in sorted(site.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert "acme-thing" not in load().features


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"for": 1}', "\0", '{"for": null'])
def test_a_broken_cache_is_made_anew(site: Path, text: str) -> None:
    install(site)
    load()
    (cache,) = (Path.home() / ".cache" / "mcpforge").glob("features-*.json")
    assert cache.stat().st_mode & 0o777 == 0o600
    cache.write_text(text, encoding="utf-8")
    assert "acme-thing" in load().features
    assert json.loads(cache.read_text(encoding="utf-8"))["found"]


def test_a_cache_that_cant_be_written_is_no_error(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull + "/x")
    install(site)
    assert "acme-thing" in load().features


def test_the_folder_we_are_in_is_no_place_for_packages(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site)
    monkeypatch.chdir(site)
    assert load() is load_ours()


def test_one_prefix_belongs_to_one_package(site: Path, cli: CommandLine) -> None:
    install(site)
    feature(package(site, "evil-features"), "acme-other")
    catalog = load()
    assert not [item for item in catalog.features if item.startswith("acme-")]
    done = cli("new", "demo", "--with", "acme-thing")
    assert done.code == 1
    assert "claimed by `acme-features` and `evil-features`" in done.err


def test_an_id_belongs_to_one_package(site: Path) -> None:
    feature(package(site, "acme-features"), "acme-labs-thing")
    feature(package(site, "labs-features", prefix="acme-labs"), "acme-labs-thing")
    feature(package(site, "good-features", prefix="good"), "good-thing")
    catalog = load()
    assert [layer.id for layer in catalog.features.values() if layer.origin] == ["good-thing"]
    assert set(catalog.refusals) == {"acme", "acme-labs"}
    with pytest.raises(ForgeError, match="`acme-labs-thing` is brought by"):
        catalog.feature("acme-labs-thing")


def test_who_needs_what_is_left_out_is_left_out_as_well(site: Path) -> None:
    feature(package(site, "a-features", prefix="aa"), "aa-thing", manifest="nonsense = 1")
    needing = package(site, "b-features", prefix="bb")
    feature(needing, "bb-thing", manifest="requires = ['aa-thing']")
    also = package(site, "c-features", prefix="cc")
    feature(also, "cc-thing", manifest="requires = ['bb-thing']")
    catalog = load()
    assert set(catalog.refusals) == {"aa", "bb", "cc"}
    assert not [layer for layer in catalog.features.values() if layer.origin]


def test_two_folders_with_one_prefix(tmp_path: Path) -> None:
    feature(tmp_path / "one", "acme-one")
    feature(tmp_path / "two", "acme-two")
    with pytest.raises(ForgeError, match="Two folders have features whose ids begin with `acme-`"):
        load([tmp_path / "one", tmp_path / "two"])


def test_a_named_folder_counts_before_a_package(site: Path, tmp_path: Path) -> None:
    install(site)
    feature(tmp_path / "mine")
    origin = load([tmp_path / "mine"]).features["acme-thing"].origin
    assert origin
    assert origin.package == ""


def test_a_package_that_is_broken_is_left_out_and_said(site: Path, cli: CommandLine) -> None:
    root = package(site)
    feature(root, manifest="nonsense = 1")
    assert cli("new", "fine", "--no-git").code == 0
    shown = cli("features")
    assert "acme-thing" not in shown.out
    assert "left out: `acme-features 1.0`: middleware/acme-thing/feature.toml" in shown.err
    assert cli("features", "--json").json["data"]["refused"][0]["prefix"] == "acme"
    done = cli("new", "demo", "--with", "acme-thing")
    assert (done.code, Path("demo").exists()) == (1, False)
    assert "unknown key `nonsense`" in done.err
    checks = cli("doctor", "fine", "--json").json["data"]["checks"]
    assert any(check["name"] == "features" and check["level"] == "warning" for check in checks)


@pytest.mark.parametrize(
    ("prefix", "module", "said"),
    [
        ("acme", "os.path", "no top-level package"),
        ("acme", "missing_package", "can't be found"),
        ("acme", "../etc", "no top-level package"),
        ("Acme!", "acme_features", "is no prefix"),
    ],
)
def test_entry_points_that_cant_be_used(site: Path, prefix: str, module: str, said: str) -> None:
    feature(package(site))
    (metadata,) = site.glob("*.dist-info")
    (metadata / "entry_points.txt").write_text(
        f"[mcpforge.features]\n{prefix} = {module}\n", encoding="utf-8"
    )
    ((_, refusal),) = load().refusals.items()
    assert said in refusal.message


@pytest.mark.parametrize("kind", ["fifo", "endless", "folder", "link"])
def test_metadata_that_cant_be_read(site: Path, kind: str) -> None:
    feature(package(site))
    (metadata,) = site.glob("*.dist-info")
    entry = metadata / "entry_points.txt"
    entry.unlink()
    if kind == "fifo":
        os.mkfifo(entry)
    elif kind == "folder":
        entry.mkdir()
    elif kind == "link":
        entry.symlink_to("/dev/zero")
    else:
        entry.touch()
        os.truncate(entry, 10**12)
    assert load() is load_ours()


def test_a_list_of_files_without_an_end(site: Path) -> None:
    feature(package(site))
    (metadata,) = site.glob("*.dist-info")
    os.truncate(metadata / "RECORD", 10**12)
    ((_, refusal),) = load().refusals.items()
    assert "used more than 512 MB of memory" in refusal.message


def test_the_lock_records_package_and_version(site: Path, cli: CommandLine) -> None:
    install(site)
    done = cli("new", "demo", "--with", "acme-thing", "--with", "health")
    assert done.code == 0
    assert "`acme-thing` of acme-features 1.0: written by a third party" in done.err
    recorded = lock()["third-parties"]["acme"]
    assert set(recorded) == {"package", "version", "hash", "features"}
    assert recorded["package"] == "acme-features"
    assert recorded["version"] == "1.0"
    assert recorded["features"] == ["acme-thing"]
    assert cli("new", "plain", "--with", "health").code == 0
    assert "third-parties" not in lock("plain")


def test_the_lock_records_no_folder_of_the_machine(tmp_path: Path, cli: CommandLine) -> None:
    feature(tmp_path / "origin", files=THING)
    words = ("--features-path", str(tmp_path / "origin"), "--with", "acme-thing")
    done = cli("new", "demo", *words, "--json")
    assert done.code == 0
    assert f"--features-path {tmp_path / 'origin'}" in done.json["data"]["command"]
    assert set(lock()["third-parties"]["acme"]) == {"hash", "features"}
    marks = [name for name, text in files(Path("demo")).items() if str(tmp_path).encode() in text]
    assert marks == []


VERBS = [
    ("add", "caching"),
    ("remove", "health"),
    ("set", "title=Other"),
    ("update",),
    ("doctor",),
    ("doctor", "--fix"),
    ("env",),
    ("register", "--dry-run"),
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_missing_package_is_said_with_the_command(
    site: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    install(site)
    assert cli("new", "demo", "--with", "acme-thing", "--with", "health").code == 0
    monkeypatch.setattr("sys.path", [item for item in __import__("sys").path if item != str(site)])
    before = files(Path("demo"))
    done = cli("-C", "demo", *verb)
    assert done.code == 1
    told = done.out + done.err
    assert "This project has `acme-thing` of acme-features 1.0, which is not installed" in told
    assert "install 'acme-features>=1.0'" in told
    assert files(Path("..") / "demo" if Path.cwd().name == "demo" else Path("demo")) == before


def test_a_diff_says_who_wrote_a_file_and_still_applies(
    site: Path, cli: CommandLine, tmp_path: Path
) -> None:
    install(site)
    assert cli("new", "demo", "--no-git").code == 0
    demo = tmp_path / "demo"
    diff = cli("-C", str(demo), "add", "acme-thing", "--diff").out
    assert "+++ b/src/demo/thing.py\tfrom acme-features 1.0, runs in the server\n" in diff
    command = ["git", "apply", "-"]
    done = subprocess.run(command, cwd=demo, input=diff.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (demo / "src/demo/thing.py").read_text(encoding="utf-8") == 'x = "demo"\n'


def test_a_missing_package_can_be_told_and_left(
    site: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(site)
    assert cli("new", "without", "--name", "demo", "--with", "health").code == 0
    assert cli("new", "demo", "--with", "acme-thing", "--with", "health").code == 0
    monkeypatch.setattr("sys.path", [item for item in __import__("sys").path if item != str(site)])
    demo = tmp_path / "demo"
    told = cli("-C", str(demo), "info", "--json").json["data"]
    assert (told["missing"], told["current"]) == (["acme-thing"], False)
    assert cli("-C", str(demo), "remove", "acme-thing").code == 0
    kept = {path: text for path, text in files(demo).items() if "/local/" not in path}
    plain = files(tmp_path / "without")
    assert kept == {path: text for path, text in plain.items() if "/local/" not in path}


def test_a_missing_folder_is_said_with_the_flag(
    tmp_path: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = tmp_path / "origin"
    feature(origin, files=THING)
    assert cli("new", "demo", "--features-path", str(origin), "--with", "acme-thing").code == 0
    demo = tmp_path / "demo"
    done = cli("-C", str(demo), "add", "health")
    assert done.code == 1
    assert "`acme-thing` of a folder of features, which was not named" in done.err
    assert "--features-path DIR" in done.err
    assert "MCPFORGE_FEATURES_PATH" in done.err
    assert cli(f"--features-path={origin}", "-C", str(demo), "add", "health").code == 0
    monkeypatch.setenv("MCPFORGE_FEATURES_PATH", str(origin))
    assert cli("-C", str(demo), "add", "timing").code == 0
    assert os.environ["MCPFORGE_FEATURES_PATH"] == str(origin)


def test_a_newer_package_is_newer_templates(site: Path, cli: CommandLine, tmp_path: Path) -> None:
    install(site)
    assert cli("new", "demo", "--with", "acme-thing").code == 0
    demo = tmp_path / "demo"
    module = demo / "src" / "demo" / "thing.py"
    module.write_text("# mine\n" + module.read_text(encoding="utf-8"), encoding="utf-8")
    install(site, "1.1", TEXT + "y = 2\n")
    told = cli("-C", str(demo), "doctor", "--json").json["data"]["checks"]
    said = "`acme-thing`: from acme-features 1.0 to acme-features 1.1"
    assert any(check["message"] == said for check in told)
    refused = cli("-C", str(demo), "add", "health", "--no-update")
    assert refused.code == 1
    assert "older templates" in refused.err
    done = cli("-C", str(demo), "update")
    assert done.code == 0, done.err
    assert said in done.err
    assert module.read_text(encoding="utf-8") == '# mine\nx = "demo"\ny = 2\n'
    assert lock(str(demo))["third-parties"]["acme"]["version"] == "1.1"
    assert "Nothing to do" in cli("-C", str(demo), "update").err


def test_another_verb_brings_the_newer_package_along(
    site: Path, cli: CommandLine, tmp_path: Path
) -> None:
    install(site)
    assert cli("new", "demo", "--with", "acme-thing").code == 0
    install(site, "1.1", TEXT + "y = 2\n")
    done = cli("-C", str(tmp_path / "demo"), "add", "health", "--json")
    assert done.json["data"]["updated"] == ["src/demo/thing.py"]
    assert (tmp_path / "demo/src/demo/thing.py").read_text(encoding="utf-8").endswith("y = 2\n")


def test_an_older_package_is_refused(site: Path, cli: CommandLine, tmp_path: Path) -> None:
    install(site, "1.10", TEXT + "y = 2\n")
    assert cli("new", "demo", "--with", "acme-thing").code == 0
    install(site, "1.9")
    done = cli("-C", str(tmp_path / "demo"), "update")
    assert done.code == 1
    assert "last written by acme-features 1.10, installed is 1.9" in done.err
    assert "acme-features>=1.10" in done.err


def test_a_feature_that_its_package_dropped_is_taken_out(
    site: Path, cli: CommandLine, tmp_path: Path
) -> None:
    install(site)
    assert cli("new", "demo", "--with", "acme-thing").code == 0
    feature(site / "acme_features", "acme-other")
    for path in sorted((site / "acme_features/middleware/acme-thing").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (site / "acme_features/middleware/acme-thing").rmdir()
    done = cli("-C", str(tmp_path / "demo"), "update")
    assert done.code == 0, done.err
    assert "Feature `acme-thing` is no longer there" in done.err
    assert not (tmp_path / "demo/src/demo/thing.py").exists()


def test_they_are_shown_with_their_origin(site: Path, cli: CommandLine) -> None:
    install(site)
    feature(
        site / "acme_features",
        "acme-tool",
        group="acme",
        manifest="[options.size]\ntype = 'int'\ndefault = 3\nhelp = 'How large'",
    )
    (site / "acme_features/acme/group.toml").write_text(
        'schema = 1\ntitle = "Acme"\n', encoding="utf-8"
    )
    shown = cli("features").out
    assert "A thing (from acme-features 1.0)" in shown
    assert shown.index("Acme (acme, choose any)") > shown.index("(gateway, choose one)")
    one = cli("features", "acme-tool")
    assert "Written by a third party: acme-features 1.0" in one.out
    assert cli("features", "acme-tool", "--json").json["data"]["origin"] == "acme-features 1.0"
    assert cli("features", "health", "--json").json["data"]["origin"] == ""
    schema = cli("features", "--schema", "--json").json["data"]["schema"]["properties"]
    assert schema["options"]["properties"]["acme-tool"]["properties"]["size"]["default"] == 3
    assert "acme-thing" in {item["const"] for item in schema["features"]["items"]["oneOf"]}


def test_the_wizard_shows_them(site: Path) -> None:
    from mcpforge.cli.chooser_state import list_rows

    install(site)
    rows = {row.feature.id: row.note for row in list_rows(load()) if row.feature}
    assert rows["acme-thing"] == "A thing (from acme-features 1.0)"


@pytest.mark.parametrize("words", [("--features-path",), ("--features-path=",)])
def test_the_flag_needs_a_folder(cli: CommandLine, words: tuple[str, ...]) -> None:
    done = cli("features", *words)
    assert done.code == 2
    assert "`--features-path` needs a folder" in done.err


def test_a_folder_that_is_not_there(cli: CommandLine, tmp_path: Path) -> None:
    done = cli("features", "--features-path", "nowhere")
    assert done.code == 2
    assert "`" + str(tmp_path / "nowhere") + "` is no folder of features" in done.err
    (tmp_path / "empty").mkdir()
    done = cli("features", "--features-path", "empty")
    assert done.code == 1
    assert "no features in `empty`" in done.err


@pytest.mark.parametrize(
    ("marks", "command"),
    [
        ({"pipx_metadata.json": "{}"}, "pipx inject mcpforge 'a>=1'"),
        (
            {
                "uv-receipt.toml": '[tool]\nrequirements = [{ name = "mcpforge" }, '
                '{ name = "b", specifier = ">=2" }]\n'
            },
            "uv tool install mcpforge --with 'b>=2' --with 'a>=1'",
        ),
        ({"uv-receipt.toml": "broken ["}, "uv tool install mcpforge --with 'a>=1'"),
        ({"lib/python3.11/site-packages/pip/x": ""}, "pip install 'a>=1'"),
        ({}, "uv pip install 'a>=1'"),
    ],
)
def test_the_command_fits_how_mcpforge_was_installed(
    tmp_path: Path, marks: dict[str, str], command: str
) -> None:
    for path, text in marks.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert install_command("a>=1", tmp_path) == command


def test_a_broken_folder_names_itself(tmp_path: Path) -> None:
    feature(tmp_path / "mine", manifest="nonsense = 1")
    with pytest.raises(ForgeError, match=r"^`mine`: middleware/acme-thing/feature\.toml: unknown"):
        load([tmp_path / "mine"])

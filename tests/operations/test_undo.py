"""`undo` puts back files as they were: their permissions too, and the user's own stay."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from mcpforge.errors import ForgeError
from mcpforge.operations import undo
from mcpforge.project import apply
from mcpforge.project.plan import Change, Plan
from mcpforge.tree import blob_id
from processes import everything

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = b"echo one\n", b"echo two\n"


def carry_back(root: Path) -> None:
    undo.carry_out(undo.plan_undo(root))


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


@pytest.mark.parametrize("before", ["0o755", "0o700", "0o600", "0o444"])
def test_a_deleted_file_comes_back_with_its_permissions(before: str, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_bytes(OLD)
    script.chmod(int(before, 8))
    apply.apply(tmp_path, Plan((Change("run.sh", "delete", blob_id(OLD), b""),), ()))
    carry_back(tmp_path)
    assert (script.read_bytes(), mode(script)) == (OLD, before)
    carry_back(tmp_path)
    assert not script.exists()
    carry_back(tmp_path)
    assert (script.read_bytes(), mode(script)) == (OLD, before)


def test_a_created_script_can_be_run_after_a_redo(tmp_path: Path) -> None:
    apply.create(
        tmp_path / "made", Plan((Change("run.sh", "create", "", OLD, executable=True),), ())
    )
    script = tmp_path / "made" / "run.sh"
    carry_back(script.parent)
    carry_back(script.parent)
    assert mode(script) == "0o755"


def test_a_script_that_became_one_is_none_again(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_bytes(OLD)
    change = Change("run.sh", "update", blob_id(OLD), NEW, executable=True)
    apply.apply(tmp_path, Plan((change,), ()))
    assert mode(script) == "0o755"
    carry_back(tmp_path)
    assert (script.read_bytes(), mode(script)) == (OLD, "0o644")
    carry_back(tmp_path)
    assert (script.read_bytes(), mode(script)) == (NEW, "0o755")


@pytest.mark.parametrize(("mine", "back"), [(0o600, "0o600"), (0o700, "0o600"), (0o755, "0o644")])
def test_what_the_user_closed_since_is_not_opened(mine: int, back: str, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_bytes(OLD)
    change = Change("run.sh", "update", blob_id(OLD), NEW, executable=True)
    apply.apply(tmp_path, Plan((change,), ()))
    script.chmod(mine)
    carry_back(tmp_path)
    assert (script.read_bytes(), mode(script)) == (OLD, back)


@pytest.mark.parametrize("target", ["README.md", "other"])
def test_what_changes_its_kind_comes_back_when_the_rest_fails(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "README.md").write_bytes(OLD)
    (tmp_path / "other").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_bytes(OLD)
    (tmp_path / "latest").symlink_to(target)
    points = target.encode()
    changes = (
        Change("docs", "create", "", points, link=True),
        Change("docs/a.md", "delete", blob_id(OLD), b""),
        Change("latest", "delete", blob_id(points), b""),
        Change("latest/a.md", "create", "", NEW),
        Change("z.md", "create", "", NEW),
    )
    before = everything(tmp_path)
    replace = apply._replace

    def failing(root: Path, change: Change, staged: Path) -> None:
        if change.path == "z.md":
            assert (root / "docs").is_symlink()
            assert (root / "latest" / "a.md").read_bytes() == NEW
            raise OSError(errno.EIO, "Input/output error")
        replace(root, change, staged)

    with monkeypatch.context() as patched, pytest.raises(ForgeError, match="input/output"):
        patched.setattr(apply, "_replace", failing)
        apply.apply(tmp_path, Plan(changes, ()))
    assert everything(tmp_path) == before
    apply.apply(tmp_path, Plan(changes, ()))
    carry_back(tmp_path)
    state = {path for path in everything(tmp_path) if path.startswith(".mcpforge")}
    assert {k: v for k, v in everything(tmp_path).items() if k not in state} == before

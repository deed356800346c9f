"""A plan says all that would be written, the lock last."""

from __future__ import annotations

from mcpforge.answers import Answers
from mcpforge.project import lock as locks
from mcpforge.project.lock import Lock
from mcpforge.project.plan import Change, Plan, locked_files, plan_new, stale
from mcpforge.tree import File, blob_id

TREE = {"a.py": File(b"a"), "run.sh": File(b"b", "seed", executable=True)}
LOCK = Lock("1", "x", Answers("demo"), locked_files(TREE))


def test_everything_is_created_and_the_lock_is_last() -> None:
    plan = plan_new(TREE, LOCK)
    assert [(change.path, change.action) for change in plan.changes] == [
        ("a.py", "create"),
        ("run.sh", "create"),
    ]
    assert [change.executable for change in plan.changes] == [False, True]
    assert plan.state[-1].path == locks.PATH
    assert not plan.empty


def test_the_lock_knows_each_file() -> None:
    assert locked_files(TREE)["run.sh"] == locks.LockedFile("seed", blob_id(b"b"))


def test_a_plan_without_changes_is_empty() -> None:
    assert Plan((), ()).empty


def test_what_is_not_as_it_was_makes_a_plan_stale() -> None:
    plan = Plan(
        (Change("new", "create", "", b"x"), Change("old", "update", blob_id(b"was"), b"is")),
        (Change("gone", "delete", blob_id(b"was"), b""),),
    )
    fresh = {"new": None, "old": b"was", "gone": b"was"}
    assert stale(plan, fresh) == []
    assert stale(plan, {**fresh, "new": b""}) == ["new"]
    assert stale(plan, {**fresh, "old": b"edited"}) == ["old"]
    assert stale(plan, {**fresh, "gone": None}) == ["gone"]

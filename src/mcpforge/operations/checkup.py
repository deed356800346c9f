"""The state of one project: lock, drift, pristine texts, settings, versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mcpforge import __version__
from mcpforge.errors import ForgeError
from mcpforge.operations.change import plan_answers
from mcpforge.operations.environment import missing_values, required_values
from mcpforge.operations.thirdparties import is_current, missing, news
from mcpforge.project import journal, pristine
from mcpforge.project import lock as locks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mcpforge.catalog.catalog import Catalog
    from mcpforge.operations.change import ChangePlan
    from mcpforge.project.lock import Lock

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    level: Level
    message: str
    hint: str = ""


def examine_project(root: Path, catalog: Catalog) -> list[Check]:
    """Return what was looked at in a project, and what was found; nothing is written."""
    checks = []
    if journal.pending(root):
        checks.append(
            Check(
                "journal",
                "error",
                "A write was cut short",
                "The next verb that writes puts the project in order, `mcpforge undo` too.",
            )
        )
    try:
        lock = locks.load(root)
    except ForgeError as error:
        repairs = "" if error.code == "lock_newer" else "`mcpforge doctor --fix` repairs it. "
        hint = f"{repairs}{error.hint}"
        return [*checks, Check("lock", "error", error.message, hint)]
    checks.append(Check("lock", "ok", f"`{locks.PATH}` is whole"))
    checks.extend(_markers(root, lock))
    checks.append(_base(root, lock))
    if lock.origin:
        from mcpforge.operations.foreign_checks import examine_origin

        return [*checks, *examine_origin(root, lock, lock.origin)]
    checks.extend(_third_parties(lock, catalog))
    try:
        plan = plan_answers(root, lock, lock.answers, catalog)
    except ForgeError as error:
        name = "features" if error.code.startswith(("features_", "origin_")) else "drift"
        return [*checks, Check(name, "error", error.message, error.hint)]
    checks.append(_drift(lock, catalog, plan))
    checks.extend(_settings(root, plan))
    checks.extend(_versions(root))
    return checks


def _markers(root: Path, lock: Lock) -> Iterator[Check]:
    for path in lock.files:
        file = root / path
        if file.is_file() and b"\n<<<<<<< " in b"\n" + file.read_bytes():
            yield Check("conflict", "error", f"`{path}` holds conflict markers", "Settle them.")


def _third_parties(lock: Lock, catalog: Catalog) -> Iterator[Check]:
    absent_ones = {prefix for _, prefix, _ in missing(lock, lock.answers, catalog)}
    for prefix, item in sorted(lock.third_parties.items()):
        if prefix not in absent_ones:  # else the plan below is refused, with the reason
            names = ", ".join(f"`{name}`" for name in item.features)
            source = f"{item.package} {item.version}" if item.package else "a folder"
            yield Check("features", "ok", f"{names} of {source}: what wrote it is there")
    for prefix, error in sorted(catalog.refusals.items()):
        if prefix not in lock.third_parties:
            yield Check("features", "warning", f"Left out: {error.message}", error.hint)


def _base(root: Path, lock: Lock) -> Check:
    missing = [
        path
        for path, file in lock.files.items()
        if file.ownership == "managed" and pristine.read(root, file.id) is None
    ]
    if missing:
        shown = ", ".join(f"`{path}`" for path in missing[:3])
        return Check(
            "base",
            "error",
            f"The pristine text of {len(missing)} files is missing or damaged: {shown}",
            "`mcpforge doctor --fix` writes what can be rendered again; else restore it from git.",
        )
    return Check("base", "ok", "Every pristine text is there")


def _drift(lock: Lock, catalog: Catalog, change: ChangePlan) -> Check:
    if lock.templates == catalog.hash and not is_current(lock, catalog):
        return Check("features", "warning", "; ".join(news(lock, catalog)), "`mcpforge update`")
    if lock.templates != catalog.hash:
        return Check(
            "templates",
            "warning",
            f"The project has the templates of mcpforge {lock.version}, installed is {__version__}",
            "`mcpforge update --dry-run` shows what is new.",
        )
    paths = [item.path for item in change.plan.changes]
    if paths or change.plan.clashes:
        shown = ", ".join(f"`{path}`" for path in paths[:3])
        return Check("drift", "warning", f"Not as mcpforge wrote it: {shown}", "`mcpforge update`")
    return Check("drift", "ok", "Nothing drifted from its answers")


def _settings(root: Path, change: ChangePlan) -> Iterator[Check]:
    settings = change.rendered.slots.settings
    generated = [item.env for item in missing_values(root, settings) if item.required]
    yours = [item.env for item in required_values(root, settings)]
    if generated:
        names = ", ".join(f"`{name}`" for name in generated)
        yield Check("settings", "warning", f"`.env` lacks {names}", "`mcpforge env` writes them.")
    if yours:
        names = ", ".join(f"`{name}`" for name in yours)
        yield Check("settings", "warning", f"`.env` lacks {names}", "Only you can give them.")
    if not (generated or yours):
        yield Check("settings", "ok", "`.env` has what has to be given")


def _versions(root: Path) -> Iterator[Check]:
    found = "site-packages/fastmcp-*.dist-info"
    places = (f"lib/python3.*/{found}", f"Lib/{found}")  # the second is that of Windows
    for path in sorted({path for place in places for path in (root / ".venv").glob(place)}):
        version = path.name.removeprefix("fastmcp-").removesuffix(".dist-info")
        good = version.startswith("4.1.")
        yield Check(
            "fastmcp",
            "ok" if good else "error",
            f"FastMCP {version} is installed",
            "" if good else "The project is made for 4.1: run `uv sync`.",
        )

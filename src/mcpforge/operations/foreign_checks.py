"""What `doctor` looks at in a project from a Copier template; its template is not fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpforge.errors import ForgeError
from mcpforge.operations.checkup import Check
from mcpforge.operations.foreign_update import read_answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mcpforge.project.lock import Lock
    from mcpforge.project.origin import Origin


def examine_origin(root: Path, lock: Lock, origin: Origin) -> Iterator[Check]:
    """Yield what is found of a project's template and of Copier's answers file."""
    which = f" {origin.commit}" if origin.commit else ""
    yield Check("template", "ok", f"Made from the Copier template `{origin.source}`{which}")
    path = origin.answers_file
    if path not in lock.files:
        yield Check(
            "answers",
            "ok",
            "The template writes no answers file: `mcpforge update` goes on, `copier update` can't",
        )
        return
    if not (root / path).is_file():
        yield Check(
            "answers",
            "warning",
            f"`{path}` is gone, so `copier update` can't go on",
            f"`git checkout -- {path}` brings it back; `mcpforge update` does without.",
        )
        return
    try:
        told = read_answers(root, path)
    except ForgeError as error:
        yield Check("answers", "error", error.message, error.hint)
        return
    commit = str(told.get("_commit") or "")
    if commit != origin.commit:
        yield Check(
            "answers",
            "warning",
            f"`{path}` says {commit or 'no version'}, mcpforge wrote {origin.commit or 'none'}",
            "`copier update` was here; `mcpforge update` goes on from what is there.",
        )
    else:
        yield Check("answers", "ok", f"`{path}` is whole")

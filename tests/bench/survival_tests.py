"""The tests of projects themselves, after a verb: none may fail that passed before."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from bench.survival_cells import Bench, Cell, plan, sides
from mcpforge.operations.change import carry_out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SECONDS = 300
# They start what only an installed project has.
PROCESSES = ("test_process.py", "test_gateway_client.py")
PROCESS_TEST = "over_stdio"
STAYS = re.compile("belongs to no feature any more|stays as you formatted it")


def newly_failing(bench: Bench, cell: Cell, python: Path) -> list[str]:
    """Return the tests of a changed project that fail and didn't fail before the verb.

    Those of a file that stays without its feature, since the user edited or reformatted it, are
    left out if that was said.
    """
    root, _ = bench.stage(cell)
    planned = plan(root, sides(cell)[1])
    carry_out(planned)
    said = [note for note in planned.plan.notes if STAYS.search(note)]
    failing = _failing(root, python)
    failing = {name for name in failing if not any(f"`{_file(name)}`" in note for note in said)}
    if not failing:
        return []
    root, _ = bench.stage(cell)
    files = sorted(map(_file, failing))
    there = [name for name in dict.fromkeys(files) if (root / name).is_file()]
    return sorted(failing - _failing(root, python, there)) if there else sorted(failing)


def _file(test: str) -> str:
    return test.partition("::")[0]


def _failing(root: Path, python: Path, files: Sequence[str] = ()) -> set[str]:
    home = root.parent / "home"
    home.mkdir(exist_ok=True)
    command = [str(python), "-m", "pytest", "-q", "-rfE", "--tb=line", "-p", "no:cacheprovider"]
    command += [*(f"--ignore-glob=*/{name}" for name in PROCESSES)]
    command += ["-k", f"not {PROCESS_TEST}", *files]
    environment = {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(root / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "FASTMCP_CHECK_FOR_UPDATES": "off",
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
    }
    done = subprocess.run(
        command,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found = set(re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M))
    return found or ({f"ended with {done.returncode}"} if done.returncode else set())

"""Runs mcpforge once in each of many folders, every time in a fork that a fault may end.

`killer.py SIGNAL FOLDER… -- ARGUMENTS`: in the folder named K the K-th write sends SIGNAL
(0: none). What a run said, on either stream, is in `K.said` beside its folder.
Prints the exit status of each run. One process that forks, because starting Python costs more
than all that it does here.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from pathlib import Path

from faults import Failing, count_writes
from mcpforge.cli.app import run


def main() -> None:
    """Fork for each folder and print how each child ended, in one line."""
    split = sys.argv.index("--")
    number, folders, arguments = int(sys.argv[1]), sys.argv[2:split], sys.argv[split + 1 :]
    with contextlib.redirect_stdout(io.StringIO()):
        run([*arguments, "--dry-run"])  # templates are read and compiled once, for all
    statuses = []
    for folder in folders:
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            os._exit(_say(int(Path(folder).name), number, arguments))
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os.write(1, " ".join(map(str, statuses)).encode())


def _say(nth: int, number: int, arguments: list[str]) -> int:
    with (
        Path(f"../{nth}.said").open("w", encoding="utf-8") as said,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        return _run(nth, number, arguments)


def _run(nth: int, number: int, arguments: list[str]) -> int:
    if not number:
        with count_writes() as writes:
            code = int(run(arguments))
        Path("../writes").write_text(str(len(writes)), encoding="utf-8")
        return code
    with Failing(nth, signal.Signals(number)):
        return int(run(arguments))


if __name__ == "__main__":
    main()

"""What the child processes do, watched: every event by which Python reaches the system is noted."""

from __future__ import annotations

import sys
from typing import Any

from mcpforge.catalog import intake
from mcpforge.render import confined

# https://docs.python.org/3/library/audit_events.html
FORBIDDEN = (
    *("os.", "shutil.", "subprocess.", "socket.", "ctypes.", "pty.", "tempfile.", "urllib."),
    *("ftplib.", "http.", "smtplib.", "sqlite3.", "signal.", "fcntl.", "resource.", "pickle."),
    *("function.__new__", "gc.", "winreg.", "webbrowser."),
)
READING = ("os.scandir", "os.listdir")
MODULES = (".py", ".pyc", ".so")  # what is imported when it is first needed
seen: list[str] = []
watching = False
root = "/nowhere"


def note(event: str, arguments: tuple[Any, ...]) -> None:
    """Keep what must not happen: programs, sockets, writing, and reading beside the folder."""
    if not watching:
        return
    if event == "open":
        path, mode = arguments[0], arguments[1]
        writes = isinstance(mode, str) and set(mode) & set("wax+")
        known = isinstance(path, int) or str(path).endswith(MODULES) or str(path).startswith(root)
        if writes or not known:
            seen.append(f"open {path!r} {mode}")
    elif event.startswith(FORBIDDEN) and event not in READING:
        seen.append(event)


sys.addaudithook(note)


def work(request: dict[str, Any]) -> dict[str, Any]:
    """Do a job of either child; returns its result, or its error, and what was noted."""
    global watching, root  # noqa: PLW0603 - a hook can't be taken away
    from mcpforge.errors import ForgeError

    del seen[:]
    root = request.get("root", root)
    watching = True
    try:
        made = intake.work(request) if "job" in request else confined.work(request)
        result: dict[str, Any] = {"result": made}
    except ForgeError as error:
        result = {"error": [error.message, error.hint, error.code]}
    except (RecursionError, OverflowError, ValueError, TypeError, ArithmeticError) as error:
        # What `confine` would tell as the template's own fault.
        result = {"fault": f"{type(error).__name__}: {error}"}
    finally:
        watching = False
    return {**result, "seen": list(seen)}

"""All scripts of the survival benchmark: edits of single files, and of whole projects."""

from __future__ import annotations

from bench.survival_edits import Script, everywhere
from bench.survival_projects import PROJECT_SCRIPTS
from bench.survival_structure import STRUCTURE_SCRIPTS
from edit_scripts import EDITS

SCRIPTS: dict[str, Script] = {
    script.name: script
    for script in [
        *PROJECT_SCRIPTS,
        *STRUCTURE_SCRIPTS,
        *(Script(name, everywhere(edit)) for name, edit in EDITS.items()),
    ]
}
# The rows of the table of what `copier update` does, and who meets it here.
COPIER_SCRIPTS = (
    *("untouched", "own tool", "edited call", "reflowed call", "server.py renamed"),
    *("server.py moved", "README renamed", "README deleted", "own setting", "changed setting"),
    *("uv add", "uv add many", "imports reversed", "own imports", "black 79", "black 120"),
    *("renamed mcp", "renamed settings", "own middleware", "comments between", "CRLF"),
    *("rewritten README", "README edited", "tests moved", "tests deleted", "own fixture"),
    *("tools reordered", "changed bodies", "registered in place", "everything"),
)
# The rows of the whole table: those, and what else moves, renames, reformats or spells otherwise.
TABLE_SCRIPTS = (
    *COPIER_SCRIPTS,
    *("settings.py moved", "factory renamed", "parameter added", "own package", "list composed"),
    *("own modules and tests", "own ASGI middleware", "blank lines", "imports in brackets"),
    *("absolute imports", "two spaces", "tools on one line", "pins"),
)

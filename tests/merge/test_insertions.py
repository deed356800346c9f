"""What the user put between the lines of the templates stays beside what it stood at."""

from __future__ import annotations

import pytest

from mcpforge.merge.driver import merge

MINIMAL = "# --- Optional\n\n# Where\n# DEMO_HOST=localhost\n\n# Port\n# DEMO_PORT=8000\n"
STORED = (
    "# --- Secrets\n\n# Keys\n# DEMO_KEYS=\n\n"
    "# --- Optional\n\n# Where\n# DEMO_HOST=localhost\n\n"
    "# Seconds\n# DEMO_TTL=60\n\n# Prefix\n# DEMO_PREFIX=x\n\n# Port\n# DEMO_PORT=8000\n"
)
EDITS = {
    "comment above what goes": ("# Keys\n", "# mine\n# Keys\n", "# mine\n"),
    "comment within what goes": ("# DEMO_TTL", "# mine\n# DEMO_TTL", "# mine\n"),
    "key between": ("# Prefix\n", "# Mine\nMINE=1\n\n# Prefix\n", "# Mine\nMINE=1\n\n"),
    "at the end": ("# DEMO_PORT=8000\n", "# DEMO_PORT=8000\n# mine\n", "# mine\n"),
}


@pytest.mark.parametrize("how", EDITS)
def test_lines_of_the_users_stay_and_headings_go(how: str) -> None:
    old, new, mine = EDITS[how]
    ours = STORED.replace(old, new)
    merged = merge(".env.example", STORED, ours, MINIMAL)
    assert merged.clean, merged.conflicts
    assert mine in merged.text
    assert merged.text.replace(mine, "") == MINIMAL
    again = merge(".env.example", MINIMAL, merged.text, STORED)
    assert again.clean
    assert mine in again.text
    assert again.text.replace(mine, "") == STORED


def test_a_changed_value_that_goes_is_still_told() -> None:
    ours = STORED.replace("# DEMO_TTL=60", "DEMO_TTL=5").replace("# Keys\n", "# mine\n# Keys\n")
    merged = merge(".env.example", STORED, ours, MINIMAL)
    assert "DEMO_TTL=5" in merged.text
    assert "# mine" in merged.text
    assert any("DEMO_TTL" in advice for advice in merged.advisories)


def test_ignored_paths_of_the_users_stay() -> None:
    base, theirs = "dist/\n.env\ndata/\ncache/\n", "dist/\n.env\n"
    ours = "dist/\n.env\ndata/\n*.log\ncache/\n"
    merged = merge(".gitignore", base, ours, theirs)
    assert merged.clean
    assert merged.text == "dist/\n.env\n*.log\n"

"""Write the generated parts of README.md: help, catalogue, tutorial table, terminal capture.

uv run python tests/docs/readme.py
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from mcpforge.catalog.catalog import load

ROOT = Path(__file__).resolve().parents[2]
CAPTURE = ROOT / ".docs" / "new.svg"
CAPTURED = [
    "new",
    "my-server",
    "--with",
    "caching",
    "--with",
    "bearer",
    "--with",
    "health",
    "--yes",
]


def main() -> None:
    """Refresh README.md and the capture."""
    readme = ROOT / "README.md"
    readme.write_text(refreshed(readme.read_text(encoding="utf-8")), encoding="utf-8")
    CAPTURE.write_text(capture(), encoding="utf-8")


def refreshed(text: str) -> str:
    """Return the README's text with all generated parts as they should be."""
    for name, part in (("help", help_text()), ("catalogue", catalogue()), ("tutorial", tutorial())):
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n{part}\n\n{end}{rest.partition(end)[2]}"
    return text


def help_text() -> str:
    """Return `mcpforge new --help` as a block."""
    done = subprocess.run(
        [sys.executable, "-m", "mcpforge", "new", "--help"],
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return f"```text\n$ mcpforge new --help\n{done.stdout.strip()}\n```"


def catalogue() -> str:
    """Return the tables of all groups."""
    catalog = load()
    lines = []
    for group in catalog.groups.values():
        takes = "one" if group.takes == "one" else "any"
        lines += ["", f"**{group.title}** (`{group.id}`, choose {takes}): {group.summary}", ""]
        lines += ["| feature | what | options |", "| --- | --- | --- |"]
        for feature in catalog.members(group.id):
            options = ", ".join(f"`{name}`" for name in feature.options)
            lines.append(f"| `{feature.id}` | {feature.summary} | {options} |")
    lines += ["", "**Presets**", "", "| preset | what | features |", "| --- | --- | --- |"]
    for name, preset in catalog.presets.items():
        features = ", ".join(f"`{item}`" for item in sorted(catalog.preset(name))) or "none"
        lines.append(f"| `{name}` | {preset['summary']} | {features} |")
    return "\n".join(lines[1:])


def tutorial() -> str:
    """Return the table from the tutorial's sections to features and files."""
    rows = tomllib.loads((ROOT / "tests/docs/tutorial.toml").read_text(encoding="utf-8"))["row"]
    lines = ["| tutorial section | pick | where the code is |", "| --- | --- | --- |"]
    for row in rows:
        pick = ", ".join(f"`{item}`" for item in row["pick"]) or "always there"
        code = ", ".join(f"`{item}`" for item in row["code"])
        lines.append(f"| {row['section']} | {pick} | {code} |")
    return "\n".join(lines)


def capture() -> str:
    """Run mcpforge in a pseudo-terminal and return its screen as SVG."""
    from rich.console import Console
    from rich.text import Text

    with tempfile.TemporaryDirectory() as folder:
        screen = _run_in_terminal(folder)
    prompt = "$ mcpforge " + " ".join(CAPTURED[:-1]) + "\n"
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(Text(prompt, style="bold") + Text.from_ansi(screen))
    drawing = console.export_svg(title="mcpforge", unique_id="mcpforge")
    return re.sub(r"@font-face \{.*?\}\n?", "", drawing, flags=re.DOTALL)  # no fonts from afar


def _run_in_terminal(folder: str) -> str:
    main_end, terminal = pty.openpty()
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Ada Lovelace",
        "GIT_CONFIG_KEY_1": "user.email",
        "GIT_CONFIG_VALUE_1": "ada@example.com",
        "TERM": "xterm-256color",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "mcpforge", *CAPTURED],
        cwd=folder,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    chunks = []
    while True:
        try:
            chunk = os.read(main_end, 4096)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    process.wait()
    os.close(main_end)
    return b"".join(chunks).decode().replace("\r\n", "\n")


if __name__ == "__main__":
    main()

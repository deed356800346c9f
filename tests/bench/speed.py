"""The table of speeds: mcpforge and its rivals, as ratios to `python -c pass` in one run.

    uv run python tests/bench/speed.py [--rounds 15]

Every tool is installed from the package index into an environment of its own and, like ours, timed
with warm bytecode; all commands take turns, so that a noisy moment hits all of them. Files only:
no installation, no git. `register --dry-run` asks a gateway once: here an empty one, in another
process of this machine, so that its answer is in the time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "mcpforge --help": 8,
    "mcpforge new (production)": 15,
    "mcpforge add (by lines)": 18,
    "mcpforge add (syntax tree)": 35,
    "mcpforge remove (by lines)": 18,
    "mcpforge register --dry-run": 20,
}
TOOLS = (10, 1_000)
RIVALS = ("cookiecutter", "copier", "create-mcp")
# A gateway without a server: prints its port, answers every list.
GATEWAY = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b'{"gateways": [], "nextCursor": null}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def main() -> None:
    """Install, time and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with gateway() as url:
            commands = prepare(work, url)
            print_table(measure(commands, work, rounds))


@contextlib.contextmanager
def gateway() -> Iterator[str]:
    """Run an empty gateway in a process of its own; give its address."""
    command = [sys.executable, "-c", GATEWAY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        try:
            yield f"http://127.0.0.1:{running.stdout.readline().strip()}"
        finally:
            running.kill()


@dataclass(frozen=True)
class Timed:
    """A command, and the folder that is copied to `out` before each of its runs."""

    command: list[str]
    source: Path | None = None


def prepare(work: Path, url: str) -> dict[str, Timed]:
    """Return label → what is timed; each command that makes something makes `work/out`."""
    wheel = build_wheel(work)
    ours = environment(work / "ours", str(wheel))
    bins = {name: environment(work / name, name) / name for name in RIVALS}
    forge = str(ours / "mcpforge")
    out = str(work / "out")
    new = [forge, "new", out, "--name", "demo", "--yes", "--quiet", "--no-git", "--no-env"]
    subprocess.run([*new, "--preset", "production"], check=True)
    count = sum(
        1 for path in Path(out).rglob("*") if path.is_file() and ".mcpforge" not in path.parts
    )
    copier = template(work / "copier-template", count, "{{ name }}", cookie=False)
    cookie = template(work / "cookie-template", count, "{{ cookiecutter.name }}", cookie=True)
    shutil.rmtree(out)
    plain = {
        "python -c pass": [str(ours / "python"), "-c", "pass"],
        "mcpforge --help": [forge, "--help"],
        "mcpforge new (minimal)": [*new, "--preset", "minimal"],
        "mcpforge new (standard)": [*new, "--preset", "standard"],
        "mcpforge new (production)": [*new, "--preset", "production"],
        "mcpforge features": [forge, "features"],
        "uv init --package": ["uv", "init", "--package", "--vcs", "none", out],
        f"cookiecutter ({count} files)": [
            *(str(bins["cookiecutter"]), "--no-input", "--output-dir", out, str(cookie)),
        ],
        f"copier copy ({count} files)": [
            *(str(bins["copier"]), "copy", "--quiet", "--defaults", "--data", "name=demo"),
            *(str(copier), out),
        ],
        "create-mcp": [str(bins["create-mcp"]), out, "--yes", "--no-git", "--no-install"],
    }
    timed = {label: Timed(command) for label, command in plain.items()}
    timed |= growing(work, [forge, "-C", out, "--quiet"], [*new, "--preset", "standard"])
    register = [forge, "-C", out, "register", "--dry-run", "--gateway", url]
    return timed | {"mcpforge register --dry-run": Timed(register, work / "lines")}


def growing(work: Path, forge: list[str], new: list[str]) -> dict[str, Timed]:
    """Return the verbs on projects that are there already: untouched, edited, with many tools."""
    out = work / "out"
    lines, edited = work / "lines", work / "edited"
    subprocess.run(new, check=True)
    shutil.copytree(out, lines)
    server = out / "src" / "demo" / "server.py"
    server.write_text("# mine\n" + server.read_text(encoding="utf-8"), encoding="utf-8")
    shutil.copytree(out, work / "merged")
    text = server.read_text(encoding="utf-8").replace("mcp", "server")
    server.write_text(text.replace(",\n        version=", ", version="), encoding="utf-8")
    shutil.copytree(out, edited)
    timed = {
        "mcpforge add (untouched)": Timed([*forge, "add", "caching"], lines),
        "mcpforge add (by lines)": Timed([*forge, "add", "caching"], work / "merged"),
        "mcpforge add (syntax tree)": Timed([*forge, "add", "caching"], edited),
        "mcpforge remove (by lines)": Timed([*forge, "remove", "logging"], work / "merged"),
    }
    for number in TOOLS:
        shutil.rmtree(out, ignore_errors=True)
        answers = work / "answers.json"
        tools = [{"kind": "tool", "name": f"tool_{index}"} for index in range(number)]
        answers.write_text(json.dumps({"name": "demo", "components": tools}), encoding="utf-8")
        made = [
            *forge[:1],
            "new",
            str(out),
            "--answers",
            str(answers),
            "--yes",
            "--no-git",
            "--quiet",
        ]
        subprocess.run(made, check=True)
        shutil.copytree(out, work / f"tools-{number}")
        command = [*forge, "add", "tool", "one_more"]
        timed[f"mcpforge add tool (to {number})"] = Timed(command, work / f"tools-{number}")
    return timed


def build_wheel(work: Path) -> Path:
    """Return our own wheel."""
    subprocess.run(["uv", "build", "--quiet", "--wheel", "-o", str(work), str(ROOT)], check=True)
    return next(work.glob("mcpforge-*.whl"))


def environment(folder: Path, package: str) -> Path:
    """Return the `bin` of a new environment that holds one package, with compiled bytecode."""
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    install = ["uv", "pip", "install", "--quiet", "--compile-bytecode"]
    subprocess.run([*install, "--python", str(folder / "bin" / "python"), package], check=True)
    return folder / "bin"


def template(folder: Path, files: int, name: str, *, cookie: bool) -> Path:
    """Return a template of as many files as our production project has."""
    inside = folder / "{{ cookiecutter.name }}" if cookie else folder
    inside.mkdir(parents=True)
    for number in range(files):
        suffix = "" if cookie else ".jinja"
        text = f"# file {number} of {name}\n" + "value = 1\n" * 40
        (inside / f"module_{number}.py{suffix}").write_text(text, encoding="utf-8")
    if cookie:
        (folder / "cookiecutter.json").write_text('{"name": "demo"}', encoding="utf-8")
    else:
        (folder / "copier.yml").write_text("name:\n  type: str\n", encoding="utf-8")
    return folder


def measure(commands: dict[str, Timed], work: Path, rounds: int) -> dict[str, list[float]]:
    """Return label → seconds of each round; one more round before warms everything up."""
    environment = {
        key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"
    }
    seconds: dict[str, list[float]] = {label: [] for label in commands}
    for number in range(rounds + 1):
        for label, timed in commands.items():
            shutil.rmtree(work / "out", ignore_errors=True)
            if timed.source:
                shutil.copytree(timed.source, work / "out")
            start = time.perf_counter()
            run(timed.command, environment)
            if number:
                seconds[label].append(time.perf_counter() - start)
    return seconds


def run(command: list[str], environment: dict[str, str]) -> None:
    """Run one command quietly."""
    subprocess.run(
        command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=True
    )


def print_table(seconds: dict[str, list[float]]) -> None:
    """Print medians and fastest rounds as ratios to `python -c pass`."""
    base = seconds["python -c pass"]
    print(f"{'command':<32} {'median':>8} {'fastest':>8} {'target':>8}")
    for label, found in seconds.items():
        median = statistics.median(found) / statistics.median(base)
        fastest = min(found) / min(base)
        target = TARGETS.get(label, "")
        print(f"{label:<32} {median:>8.1f} {fastest:>8.1f} {target:>8}")


if __name__ == "__main__":
    main()

"""A Containerfile, read and carried out without an engine, below a folder in place of `/`."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from real.workshop import ENVIRONMENT, run

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("/build", "/cache", "/opt/venv", "/app")
# What needs root or another system: looked at by the shell, not carried out.
SKIPPED = ("useradd",)


@dataclass
class Kitchen:
    """Where the steps of a Containerfile are carried out; every stage sees the same folder."""

    context: Path
    root: Path
    values: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = ""
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def carry_out(self, text: str) -> None:
        """Carry out all steps; fails with the output of one that fails."""
        for step in steps(text):
            name, rest = step.split(maxsplit=1)
            getattr(self, f"_{name.lower()}")(rest)
            self.done.append(step)

    def inside(self, text: str) -> str:
        """Return a text with the folders of the image as those here."""
        for folder in FOLDERS:
            text = re.sub(rf"(?<![\w/.]){folder}\b", f"{self.root}{folder}", text)
        return text

    @property
    def environment(self) -> dict[str, str]:
        """What the steps run in: the image's variables, and the way to the package index."""
        kept = {key: value for key, value in ENVIRONMENT.items() if not key.startswith("VIRTUAL")}
        kept["HOME"] = str(self.root)
        return kept | {key: self.inside(value) for key, value in self.values.items()}

    def _from(self, rest: str) -> None:
        assert rest.startswith("python:")
        self.values, self.folder = {"PATH": f"{self.root}/python/bin:{os.environ['PATH']}"}, "/"

    def _env(self, rest: str) -> None:
        for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', rest):
            self.values[name] = (quoted or plain).replace("$PATH", self.values["PATH"])

    def _workdir(self, rest: str) -> None:
        self.folder = rest
        self.here.mkdir(parents=True, exist_ok=True)

    @property
    def here(self) -> Path:
        """The working folder."""
        return self.root / self.folder.lstrip("/")

    def _copy(self, rest: str) -> None:
        if rest.startswith("--from="):
            _, source, target = rest.split()
            assert source == target  # which is there already
            assert (self.root / source.lstrip("/")).exists()
            return
        *sources, target = rest.split()
        place = self.here / target if not target.startswith("/") else self.root / target[1:]
        for source in sources:
            found = [path for path in sorted(self.context.glob(source)) if not self._ignored(path)]
            assert found or "*" in source, f"{source} is not in the context"
            for path in found:
                self._place(path, place, into=target.endswith(("/", ".")))

    def _ignored(self, path: Path) -> bool:
        name = path.relative_to(self.context).as_posix()
        lines = (self.context / ".dockerignore").read_text(encoding="utf-8").split()
        return any(fnmatchcase(name, line.strip("/")) for line in lines)

    def _place(self, path: Path, place: Path, *, into: bool) -> None:
        if path.is_dir():
            shutil.copytree(path, place, dirs_exist_ok=True)
        else:
            target = place / path.name if into else place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)

    def _run(self, rest: str) -> None:
        words = re.sub(r"^(--mount=\S+\s+)+", "", rest)
        command = self.inside(words)
        run(["/bin/sh", "-n", "-c", command], cwd=self.root)
        if not words.startswith(SKIPPED):
            self.here.mkdir(parents=True, exist_ok=True)
            run(["/bin/sh", "-c", command], cwd=self.here, env=self.environment)

    def _user(self, rest: str) -> None:
        self.user = rest

    def _expose(self, rest: str) -> None:
        assert rest == "8000"

    def _healthcheck(self, rest: str) -> None:
        self.health = json.loads(rest.partition("CMD ")[2])

    def _cmd(self, rest: str) -> None:
        self.command = json.loads(rest)


def steps(text: str) -> list[str]:
    """Return the instructions of a Containerfile, each on one line."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [line for line in joined.splitlines() if line.strip()]

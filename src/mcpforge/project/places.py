"""Where a file of a project is run, as far as its path tells: what to read before trusting it."""

from __future__ import annotations

# Beginnings of paths, and where what stands there runs; the first that fits counts.
_PLACES = (
    ("in CI", (".github/", ".gitlab-ci.yml", ".gitlab/", ".circleci/", "azure-pipelines")),
    (
        "as a git hook",
        (".pre-commit-config.yaml", ".pre-commit-hooks.yaml", ".githooks/", ".husky/"),
    ),
    (
        "in your editor or agent",
        (".vscode/", ".idea/", ".devcontainer/", ".cursor/", ".claude/", ".mcp.json", ".envrc"),
    ),
    ("when you call make", ("Makefile", "justfile", "Taskfile")),
    ("as requirements and settings of tools", ("pyproject.toml", "uv.lock")),
    ("in the container", ("Dockerfile", "compose", "docker-compose", "kubernetes/", "deploy/")),
    ("in the tests", ("tests/", "conftest.py")),
    ("in the server", ("src/", "fastmcp.json")),
)


def runs(path: str) -> str:
    """Return where a file is run, or nothing for one that is only read."""
    return next((where for where, starts in _PLACES if path.startswith(starts)), "")

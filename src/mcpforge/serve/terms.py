"""What a server may do, fixed when it starts: no tool has an argument for any of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PLAN_SECONDS = 600
MOST_PLANS = 32


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one server.

    `git` and `env` say whether a new project gets a repository and an `.env`; `install` and
    `verify` what follows an apply; `start` whether a registration may start the project's server.
    `url` is the public URL of servers ({name} for each one's name), without which only URLs of
    this machine are registered.
    """

    root: Path
    git: bool = True
    env: bool = True
    install: bool = False
    verify: bool = False
    start: bool = False
    gateway: str = ""
    token_file: str = ""
    upstream_token_file: str = ""
    url: str = ""
    insecure_http: bool = False
    plan_seconds: float = PLAN_SECONDS
    most_plans: int = MOST_PLANS

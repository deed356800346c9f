"""The command `token new`: makes a bearer token and shows it once."""

import hashlib
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values, set_key

from .bearer import BearerToken

if TYPE_CHECKING:
    import argparse

VARIABLE = "PRODUCTION_SERVER_BEARER_TOKENS"
DOTENV = Path(".env")
MOST_DAYS = 36_500


def add_token_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    token = commands.add_parser("token", help="make bearer tokens")
    actions = token.add_subparsers(title="commands", required=True, metavar="new")
    new = actions.add_parser("new", help="make a token: it is shown once and stored nowhere")
    new.add_argument("--name", default="default", help="whom it is for (default: %(default)s)")
    new.add_argument("--scopes", default="", help="what it may do, comma separated")
    new.add_argument(
        "--days",
        type=int,
        default=90,
        help="days it is good for, 0 for ever (default: %(default)s)",
    )
    new.add_argument("--save", action="store_true", help="add its entry to .env")
    new.set_defaults(run=new_token)


def new_token(*, name: str, scopes: str, days: int, save: bool) -> None:
    """Write a new token to stdout, and to stderr what the server needs to know of it."""
    if not 0 <= days <= MOST_DAYS:
        raise SystemExit(f"--days takes 0 to {MOST_DAYS}.")
    token = secrets.token_urlsafe(32)
    entry = BearerToken(
        name=name,
        digest=hashlib.sha256(token.encode()).hexdigest(),
        last_day=(datetime.now(UTC) + timedelta(days=days)).date() if days else None,
        scopes=tuple(scope.strip() for scope in scopes.split(",") if scope.strip()),
    )
    try:
        BearerToken.parse(str(entry))
    except ValueError:
        raise SystemExit("Names and scopes must be single words.") from None
    if save:
        _save(entry)
        sys.stderr.write(f"Added the entry of this token to {DOTENV}, it is not shown again:\n")
    else:
        sys.stderr.write(
            f"Add this to {DOTENV}, behind a comma where {VARIABLE} has entries already:\n"
            f"{VARIABLE}={entry}\n"
            "The token, which is not shown again:\n",
        )
    sys.stderr.flush()
    sys.stdout.write(f"{token}\n")


def _save(entry: BearerToken) -> None:
    """Put the entry behind those that are there; a new file is for its owner alone."""
    DOTENV.touch(mode=0o600)
    known = dotenv_values(DOTENV).get(VARIABLE)
    set_key(DOTENV, VARIABLE, f"{known},{entry}" if known else str(entry), quote_mode="never")

"""`mcpforge mcp`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer

from mcpforge.cli.publishing import GATEWAY_HELP, INSECURE_HELP, TOKEN_HELP
from mcpforge.errors import UsageError

if TYPE_CHECKING:
    from mcpforge.cli.console import Console
    from mcpforge.serve.terms import Terms

NAME = "mcp"
PORT = 8765


def run(
    context: typer.Context,
    root: Optional[str] = typer.Argument(
        None, metavar="[ROOT]", help="The folder that agents may work in, by default this one."
    ),
    http: bool = typer.Option(False, "--http", help="Over HTTP on this machine, not over stdio."),
    port: int = typer.Option(PORT, min=0, max=65535, help="With --http; 0 finds a free one."),
    http_token_file: Optional[str] = typer.Option(
        None, help="With --http: a private file with its token, made where it is missing."
    ),
    expire: float = typer.Option(600, min=0.1, max=86400, help="Seconds that a plan holds."),
    git: bool = typer.Option(True, "--git/--no-git", help="New projects get a repository."),
    env: bool = typer.Option(True, "--env/--no-env", help="New projects get an `.env`."),
    install: bool = typer.Option(False, "--install", help="Run `uv sync` after an apply."),
    verify: bool = typer.Option(
        False, "--verify", help="Start and list the server after an apply; undo if that fails."
    ),
    start: bool = typer.Option(False, "--start", help="A registration may start the server."),
    url: str = typer.Option(
        "", "--url", help="Public URL of servers that are registered; {name} is each one's name."
    ),
    gateway: str = typer.Option("", "--gateway", help=GATEWAY_HELP),
    token_file: str = typer.Option("", "--token-file", help=TOKEN_HELP),
    upstream_token_file: str = typer.Option(
        "", help="File with the servers' token, else MCPFORGE_UPSTREAM_TOKEN."
    ),
    insecure_http: bool = typer.Option(False, "--insecure-http", help=INSECURE_HELP),
) -> None:
    """Serve mcpforge itself to coding agents, as an MCP server: plan before apply.

    What agents may do is settled by these options; no tool has an argument for any of it.
    """
    import gc

    from mcpforge.serve.places import Base
    from mcpforge.serve.terms import Terms

    console: Console = context.obj
    gc.enable()  # this one lives long
    terms = Terms(
        root=Base(Path(root or ".")).root,
        git=git,
        env=env,
        install=install,
        verify=verify,
        start=start,
        gateway=gateway,
        token_file=_absolute(token_file),
        upstream_token_file=_absolute(upstream_token_file),
        url=url,
        insecure_http=insecure_http,
        plan_seconds=expire,
    )
    if http:
        _serve_http(console, terms, port, http_token_file)
        return
    if http_token_file:
        raise UsageError("`--http-token-file` needs `--http`", hint="Over stdio nobody asks.")
    if sys.stdin is None or sys.stdout is None:  # they were closed before the start
        raise UsageError(
            "Standard input or output is closed, so no client can speak over them",
            hint="Serve over HTTP with `--http`.",
        )
    if sys.stdin.isatty():
        console.say("Waiting for an MCP client on standard input; Ctrl-C ends")
    from mcpforge.serve.running import run_stdio

    run_stdio(terms)


def _serve_http(console: Console, terms: Terms, port: int, token_file: str | None) -> None:
    from mcpforge.serve.running import run_http
    from mcpforge.serve.tokenfile import new_token, read_or_make

    token = read_or_make(Path(token_file), terms.root) if token_file else new_token()

    def ready(url: str) -> None:
        console.say(f"Serving `{terms.root}` at {url} until Ctrl-C")
        told = f"in `{token_file}`" if token_file else token
        # Whatever the verbosity: without the token nobody gets in, and nobody else gets it.
        sys.stderr.write(f"Bearer token: {told}\n")
        sys.stderr.flush()
        console.result({"url": url, "root": str(terms.root), "token_file": token_file})

    run_http(terms, port, token, ready)


def _absolute(path: str) -> str:
    return str(Path(path).absolute()) if path else ""

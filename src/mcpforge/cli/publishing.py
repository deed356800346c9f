"""What the commands that talk to a gateway have in common."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mcpforge.errors import ExitCode, ForgeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mcpforge.cli.console import Console
    from mcpforge.gateway.client import Gateway
    from mcpforge.gateway.registration import Loss

GATEWAY_HELP = "URL of the gateway, else MCPFORGE_GATEWAY_URL, else that of `gateway start`."
TOKEN_HELP = "File with the gateway's token, else MCPGATEWAY_BEARER_TOKEN."
INSECURE_HELP = "Send tokens over plain http to other machines too."


def open_gateway(
    console: Console, url: str | None, token_file: str | None, *, insecure_http: bool
) -> Gateway:
    """Return the gateway that is meant; nothing is sent yet."""
    from mcpforge.gateway.access import find_access
    from mcpforge.gateway.client import Gateway

    access = find_access(url, token_file, insecure_http=insecure_http)
    return Gateway(access, waiting=console.say)


def requests_lines(requests: Iterable[dict[str, Any]]) -> list[str]:
    """Return requests as a person reads them, the secrets hidden already."""
    import json

    lines = []
    for request in requests:
        lines.append(f"  {request['method']} {request['path']}")
        if "body" in request:
            lines.append(f"    {json.dumps(request['body'], ensure_ascii=False)}")
    return lines


def loss_lines(losses: Iterable[Loss]) -> list[str]:
    """Return which virtual servers lose which tools."""
    return [f"  {loss.server}: {', '.join(f'`{tool}`' for tool in loss.tools)}" for loss in losses]


def allow_losses(console: Console, losses: Sequence[Loss], *, sure: bool = True) -> None:
    """Let virtual servers lose tools only where the user said so; raises `ForgeError` else."""
    if not losses:
        return
    what = "lose tools" if sure else "may lose tools, because the server was not looked at"
    console.say(
        console.style(f"These virtual servers {what}:", "yellow")
        + "\n"
        + "\n".join(loss_lines(losses))
    )
    if console.flags.yes:
        return
    if console.interactive:
        import typer

        if typer.confirm("Go on?", default=False, err=True):
            return
    names = ", ".join(f"`{loss.server}`" for loss in losses)
    raise ForgeError(
        f"Virtual servers would {what.partition(',')[0].removeprefix('may ')}: {names}; "
        "nothing was changed",
        hint="`--yes` goes on; afterwards run `mcpforge compose FILE` for them again.",
        code="loses_tools",
    )


def losses_data(losses: Iterable[Loss]) -> list[dict[str, Any]]:
    """Return the losses as data."""
    return [{"server": loss.server, "tools": list(loss.tools)} for loss in losses]


def error_data(error: ForgeError) -> dict[str, str]:
    """Return an error as the envelope has it."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


@contextmanager
def told_if_interrupted(names: Iterable[str]) -> Iterator[None]:
    """Let Ctrl-C in the midst of sending say what may be changed on the gateway by now."""
    try:
        yield
    except KeyboardInterrupt:
        error = ForgeError(
            "Interrupted; these may be changed on the gateway already: "
            + ", ".join(f"`{name}`" for name in names),
            hint="Run the command again: it finds what is done and does the rest.",
            code="interrupted",
        )
        error.exit_code = ExitCode.INTERRUPTED
        raise error from None

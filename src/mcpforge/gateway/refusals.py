"""Every way in which a gateway says no, each as one sentence and a hint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mcpforge.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHOWN = 300
_UPSTREAM_STATUS = re.compile(r"server responded with HTTP (\d{3})")
# How 1.0.7 says the same, by the words of its HTTP client.
_OLDER_STATUS = re.compile(r"(?:Client|Server) error '(\d{3})\b[^']*' for url .*$")
_UNAUTHORIZED, _FORBIDDEN, _MISSING, _CONFLICT, _INVALID, _LIMITED = 401, 403, 404, 409, 422, 429
_BAD_GATEWAY, _SERVER_ERROR, _MISDIRECTED = 502, 500, 421
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
_INITIALIZE = re.compile(r"^Failed to initialize gateway at \S+: ")
_MASKED = "An error occurred, please try again."


class StatusError(GatewayError):
    """A gateway refused; `status` is that of its answer."""

    def __init__(self, status: int, message: str, *, hint: str, code: str) -> None:
        """Keep the status besides the sentence."""
        super().__init__(message, hint=hint, code=code)
        self.status = status


def said(body: Any) -> str:
    """Return the reason that an error's body gives, in one line; nothing where it gives none."""
    reason: Any = ""
    if isinstance(body, dict):
        reason = body.get("message") or body.get("detail") or body.get("error") or ""
    if isinstance(reason, list):
        reason = "; ".join(_field(item) for item in reason if isinstance(item, dict))
    if isinstance(reason, dict):
        reason = reason.get("message") or reason.get("error") or ""
    return plain(str(reason))


def _field(item: Mapping[str, Any]) -> str:
    loc = item.get("loc")
    parts = loc if isinstance(loc, list) else ()
    where = ".".join(str(part) for part in parts if part != "body")
    message = str(item.get("msg") or "").removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def plain(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a foreign text without secrets and control characters, cut to what a person reads."""
    text = hide(text, secrets)  # before it is cut: of a secret nothing may stay
    line = " ".join(visible(text, " ").split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} …"


def visible(text: str, instead: str = "\ufffd") -> str:
    """Return a foreign text with another character for each that a terminal might obey."""
    return "".join(char if char.isprintable() else instead for char in text)


def why(error: Exception, secrets: Iterable[str] = ()) -> str:
    """Return what a failed connection says of itself, without the number of the system's error."""
    return _ERRNO.sub("", plain(str(error), secrets)) or type(error).__name__


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return a text with every secret in it made unreadable."""
    for secret in sorted((one for one in secrets if one), key=len, reverse=True):
        text = text.replace(secret, "*****")
    return text


def refusal(status: int, body: Any, doing: str, *, seconds: int = 0, token: bool) -> StatusError:
    """Return the error for an answer that is none of 2xx; `doing` says what was asked for."""
    reason = said(body)
    make = _BY_STATUS.get(status)
    if make:
        message, hint, code = make(reason, doing, seconds, token)
    elif status >= _SERVER_ERROR:
        message, hint, code = _broken(reason, doing, status)
    else:
        message = f"The gateway refuses to {doing}: HTTP {status}{f', {reason}' if reason else ''}"
        hint, code = (
            "Is this the address of a ContextForge, with nothing after the port?",
            "gateway",
        )
    return StatusError(status, message, hint=hint, code=code)


def _unauthorized(reason: str, doing: str, _seconds: int, token: bool) -> tuple[str, str, str]:  # noqa: FBT001
    if token:
        message = f"The gateway does not accept the token: {reason or 'HTTP 401'}"
    else:
        message = f"The gateway wants a token to {doing}, and there is none"
    hint = (
        "Set `MCPGATEWAY_BEARER_TOKEN`, or name a file with `--token-file`; a gateway that "
        "`mcpforge gateway start` began needs none."
    )
    return message, hint, "gateway_token"


def _forbidden(reason: str, doing: str, _seconds: int, _token: bool) -> tuple[str, str, str]:  # noqa: FBT001
    return (
        f"The token may not {doing}: {reason or 'HTTP 403'}",
        "Its user needs the gateway's permissions gateways.*, servers.* and tools.read; ask who "
        "runs the gateway.",
        "gateway_forbidden",
    )


def _missing(reason: str, doing: str, _seconds: int, _token: bool) -> tuple[str, str, str]:  # noqa: FBT001
    return (
        f"The gateway could not {doing}: {reason or 'there is no such address'}",
        "Is this the address of a ContextForge, with its path where it stands behind a proxy? If "
        "it is, something was removed just now: run the command again.",
        "gateway_missing",
    )


def _conflict(reason: str, doing: str, _seconds: int, _token: bool) -> tuple[str, str, str]:  # noqa: FBT001
    if "tool name" in reason:
        hint = "Two tools of the server differ only in `_`, `-` or case: rename one."
    else:
        hint = (
            "Somebody registered it meanwhile, or it is hidden from you: run the command again, or "
            "take another name."
        )
    return f"The gateway could not {doing}: {reason or 'HTTP 409'}", hint, "gateway_taken"


def _invalid(reason: str, doing: str, _seconds: int, _token: bool) -> tuple[str, str, str]:  # noqa: FBT001
    hint = "Check the name, the URL and the tags."
    code = "gateway_invalid"
    if "localhost" in reason or "private network" in reason or "blocked by SSRF" in reason:
        hint = (
            "Give the address that the gateway can reach by `--url`; a gateway for development "
            "allows this with SSRF_ALLOW_LOCALHOST=true, as `mcpforge gateway start` does."
        )
        code = "gateway_loopback"
    elif "DNS" in reason:
        hint = "The gateway's machine does not know the host's name: give another by `--url`."
    elif not reason or reason == _MASKED:
        reason = "it does not say why"
        hint = (
            "Often the URL is one of this machine, which gateways refuse unless they run with "
            "SSRF_ALLOW_LOCALHOST=true; EXPOSE_ERROR_DETAILS=true makes the gateway say why."
        )
    return f"The gateway refuses to {doing}: {reason}", hint, code


def _limited(_reason: str, doing: str, seconds: int, _token: bool) -> tuple[str, str, str]:  # noqa: FBT001
    wait = f"{round(seconds / 60)} min" if seconds > 120 else f"{seconds} s"  # noqa: PLR2004
    return (
        f"The gateway has had too many requests and won't {doing} for {wait}",
        f"Run the command again in {wait}; whoever tries before is locked out for longer.",
        "gateway_limit",
    )


def _upstream(reason: str, doing: str, _seconds: int, _token: bool) -> tuple[str, str, str]:  # noqa: FBT001
    reason = _OLDER_STATUS.sub(r"server responded with HTTP \1", _INITIALIZE.sub("", reason))
    match = _UPSTREAM_STATUS.search(reason)
    status = int(match[1]) if match else 0
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        hint = (
            "The server wants another token: set `MCPFORGE_UPSTREAM_TOKEN`, or name a file with "
            "`--upstream-token-file`."
        )
    elif status == _MISDIRECTED:
        hint = "The server's host guard: add the host of `--url` to its `ALLOWED_HOSTS`."
    elif reason.startswith("OAuth"):
        hint = (
            "The gateway asks for a token by itself: look at `token_url`, id and secret in the "
            "file of `--upstream-oauth`."
        )
    elif "failed validation" in reason:
        hint = "The gateway takes none of its tools: change what it says of them, and register."
    elif status:
        hint = "Is the path right? A FastMCP server answers at `/mcp`."
    else:
        hint = "The gateway connects by itself: the URL must lead to the server from its machine."
    return f"The gateway could not {doing}: {reason or 'HTTP 502'}", hint, "upstream"


def _broken(reason: str, doing: str, status: int) -> tuple[str, str, str]:
    return (
        f"The gateway failed to {doing}: HTTP {status}{f', {reason}' if reason else ''}",
        "It is the gateway's own failure: see its log, then run the command again.",
        "gateway_failed",
    )


_BY_STATUS = {
    _UNAUTHORIZED: _unauthorized,
    _FORBIDDEN: _forbidden,
    _MISSING: _missing,
    _CONFLICT: _conflict,
    400: _invalid,
    _INVALID: _invalid,
    _LIMITED: _limited,
    _BAD_GATEWAY: _upstream,
}

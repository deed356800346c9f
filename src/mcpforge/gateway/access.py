"""Which gateway is meant and who may use it: options, environment, the user's own config.

Project files are never asked: a cloned project can't send a token anywhere.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mcpforge.errors import UsageError
from mcpforge.gateway.models import Credential, Secret

URL_VARIABLE = "MCPFORGE_GATEWAY_URL"
TOKEN_VARIABLE = "MCPGATEWAY_BEARER_TOKEN"
UPSTREAM_VARIABLE = "MCPFORGE_UPSTREAM_TOKEN"
DEFAULT_URL = "http://localhost:4444"
_TOKEN = re.compile(r"[\x21-\x7e]+")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
# The other grants need a person who signs in, or are refused by the gateway.
_GRANT = "client_credentials"
_OAUTH_HINT = (
    "It has `client_id`, `client_secret` and `token_url`, and may have `scopes` and `audience`."
)


@dataclass(frozen=True, slots=True)
class Access:
    """A gateway and the token for it."""

    url: str
    token: Secret | None = None
    insecure_http: bool = False

    def refuse_plain(self, what: str) -> None:
        """Raise `UsageError` where the gateway would get `what` over plain http elsewhere."""
        if not self.insecure_http:
            _refuse_plain(self.url, what)


def find_access(
    url: str | None = None, token_file: str | None = None, *, insecure_http: bool = False
) -> Access:
    """Return the gateway that is meant, with the token of this user.

    It is the one that an option, the environment or the user's config names, else the one that
    `gateway start` began, wherever it listens. Raises `UsageError` for an address or a token that
    can't be one, and where a token would go over plain http to another machine.
    """
    config = _config()
    named_url = url or os.environ.get(URL_VARIABLE) or config.get("url")
    address = check_address(str(named_url or _local_url() or DEFAULT_URL))
    token = _token(address, token_file, config, named=bool(url))
    access = Access(_exact(address), token, insecure_http)
    if token:
        access.refuse_plain("the gateway's token")
    return access


def has_gateway() -> bool:
    """Say whether this user has a gateway: one is named, or a local one runs."""
    if os.environ.get(URL_VARIABLE) or _config().get("url"):
        return True
    return _local_url() is not None


def find_credential(
    url: str,
    *,
    token_file: str | None = None,
    oauth_file: str | None = None,
    header: str = "",
    insecure_http: bool = False,
) -> Credential | None:
    """Return what the gateway shall show to the server at `url`, or None."""
    if header and not _HEADER.fullmatch(header):
        raise UsageError(f"`{header}` is no name of a header", hint="For example `X-API-Key`.")
    if oauth_file:
        if token_file or header:
            raise UsageError("`--upstream-oauth` goes with no token", hint="Give one of the two.")
        settings = _oauth(Path(oauth_file))
        if not insecure_http:
            _refuse_plain(str(settings["token_url"]), "the client's secret")
        return Credential(oauth=settings)
    text = os.environ.get(UPSTREAM_VARIABLE, "")
    token = read_token(Path(token_file)) if token_file else _secret(text, UPSTREAM_VARIABLE)
    if token is None:
        if header:
            raise UsageError(
                f"`{header}` has no value",
                hint=f"Set `{UPSTREAM_VARIABLE}`, or name a file with `--upstream-token-file`.",
            )
        return None
    if not insecure_http:
        _refuse_plain(url, "the server's token")
    return Credential(token, header)


def check_address(url: str, what: str = "The gateway's address") -> str:
    """Return an http(s) URL without its last slash; raises `UsageError` for anything else."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine, parts = False, SplitResult("", "", "", "", "")
    if "@" in parts.netloc:
        raise UsageError(
            f"{what} holds a user name or password",
            hint="Leave it out: secrets come from the environment or a file.",
            code="gateway_address",
        )
    if not fine or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f]", url):
        raise UsageError(
            f"{what} can't be `{url}`",
            hint="It is an http or https URL without a query, such as `http://localhost:4444`.",
            code="gateway_address",
        )
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Say whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def read_token(path: Path) -> Secret:
    """Return the token that a file holds; raises `UsageError` without showing it."""
    text = _text(path)
    found = _secret(text.strip(), f"`{path}`")
    if found is None:
        raise UsageError(f"`{path}` is empty", hint="It holds the token and nothing else.")
    return found


def _refuse_plain(url: str, what: str) -> None:
    if urlsplit(url).scheme == "http" and not is_loopback(url):
        raise UsageError(
            f"`{url}` is plain http: on the way to another machine anybody could read {what}",
            hint="Use https, or `--insecure-http` in a network that you trust.",
            code="insecure_http",
        )


def _local_url() -> str | None:
    from mcpforge.gateway.local import running_url

    return running_url()


def _exact(url: str) -> str:
    """Return the very address of the user's own gateway where a URL says `localhost`."""
    if urlsplit(url).hostname != "localhost":
        return url
    from mcpforge.gateway.local import own_url

    return own_url(url) or url


def _token(
    url: str, token_file: str | None, config: dict[str, Any], *, named: bool
) -> Secret | None:
    if token_file:
        return read_token(Path(token_file))
    found = _secret(os.environ.get(TOKEN_VARIABLE, ""), TOKEN_VARIABLE)
    if found:
        return found
    from mcpforge.gateway.local import token_for

    minted = token_for(url)
    if minted:
        return Secret(minted)
    mine = config.get("token_file")
    # The config's token is for the config's gateway, not for whatever another option names.
    if mine and not named and config.get("url", DEFAULT_URL).rstrip("/") == url:
        return read_token(Path(str(mine)).expanduser())
    return None


def _secret(text: str, where: str) -> Secret | None:
    if not text:
        return None
    if not _TOKEN.fullmatch(text):
        raise UsageError(
            f"{where} holds no token: there are spaces, line breaks or other characters in it",
            hint="A token is one word of visible ASCII characters, without `Bearer` before it.",
            code="token_form",
        )
    return Secret(text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"`{path}` is no UTF-8 text") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"`{path}` can't be read: {reason}") from None


def _oauth(path: Path) -> dict[str, Any]:
    """Return the OAuth settings of a TOML or JSON file, as the gateway takes them."""
    import json
    import tomllib

    text = _text(path)
    try:
        raw = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError:
        raise UsageError(
            f"`{path}` is neither TOML nor JSON", hint=_OAUTH_HINT, code="oauth_file"
        ) from None
    if not isinstance(raw, dict):
        raise UsageError(f"`{path}` holds no table", hint=_OAUTH_HINT, code="oauth_file")
    found = {"grant_type": _GRANT, **raw}
    if found["grant_type"] != _GRANT:
        raise UsageError(
            f"`{path}`: `grant_type` can only be `{_GRANT}`",
            hint="A gateway acts for itself; people sign in at the server, not through it.",
            code="oauth_file",
        )
    needed = ("client_id", "client_secret", "token_url")
    missing = [f"`{key}`" for key in needed if not (found.get(key) and str(found[key]).strip())]
    if missing:
        raise UsageError(
            f"`{path}` lacks {', '.join(missing)}",
            hint=_OAUTH_HINT,
            code="oauth_file",
        )
    check_address(str(found["token_url"]), "The URL of the token endpoint")
    return found


def _config() -> dict[str, Any]:
    """Return the table `gateway` of the user's own config."""
    import tomllib

    folder = os.environ.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    path = Path(folder) / "mcpforge" / "config.toml"
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(_text(path)).get("gateway", {})
    except ValueError as error:
        raise UsageError(f"`{path}` is no TOML: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"`{path}`: `gateway` is no table")
    return found
